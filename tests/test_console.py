"""What is printed for people: words of models and names of files give a terminal no orders."""

import pytest

from callwright.console import tell_comparison, tell_lint
from callwright.evaluate.compare import compare
from callwright.evaluate.results import Result
from callwright.linting import Lint
from callwright.record import Issue
from callwright.settings import LintSettings
from callwright.synthesize.quality import Finding

CLEAR = "\x1b[2J"


def test_a_comparison_shows_the_names_of_columns_and_gives_no_orders(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = [Result(id="a", column=f"of{CLEAR}", correct=True, strict=True, conditions={"data": "x"})]
    other = [Result(id="a", column=f"of{CLEAR}", correct=False, strict=False, conditions={"data": CLEAR})]
    tell_comparison(compare(rows, other), None, as_json=False)
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert "of\\u001b[2J" in said
    assert "(x → \\u001b[2J)" in said
    assert said.count("\n") == 5


def test_a_lint_shows_what_tools_are_called_and_gives_no_orders(capsys: pytest.CaptureFixture[str]) -> None:
    issue = Issue(code="x", severity="warning", path="tools[0]", got=f"a name {CLEAR}", expected="another")
    found = Lint("tools.py", "", (), (Finding(f"of{CLEAR}", "", issue),), ())
    tell_lint(found, LintSettings(), as_json=False)
    said = capsys.readouterr()
    assert "\x1b" not in said.out + said.err
    assert "of\\u001b[2J" in said.out
