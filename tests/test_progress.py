"""What people see while stages run: whole lines, one per event, whatever is in a name or an answer."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from callwright.console import tell
from callwright.progress import Bar, Display, clock, legible


def log() -> tuple[Display, io.StringIO]:
    """A display that writes to a file, as in CI."""
    text = io.StringIO()
    return Display(Console(file=text, width=80)), text


def terminal() -> tuple[Display, io.StringIO]:
    text = io.StringIO()
    console = Console(file=text, width=100, force_terminal=True, color_system=None, legacy_windows=False)
    return Display(console), text


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0.0 s"), (3.21, "3.2 s"), (9.94, "9.9 s"), (10, "10 s"), (59.4, "59 s"), (59.6, "1 min 00 s"),
        (75, "1 min 15 s"), (3600, "60 min 00 s"),
    ],
)  # fmt: skip
def test_a_duration_reads_as_people_say_it(seconds: float, said: str) -> None:
    assert clock(seconds) == said


def test_a_log_gets_one_line_when_a_stage_begins_and_one_when_it_ends() -> None:
    display, text = log()
    with display.stage("dataset") as bar:
        for i in range(1000):
            bar.update(i, 1000, "rows", 3.0)
    display.done("dataset", 75, "1,000 rows")
    display.done("suite", 1, "30 requests", reused=True)
    assert text.getvalue().splitlines() == [
        "  … dataset",
        "  ✓ dataset                  1 min 15 s  1,000 rows",
        "  ✓ suite                        reused  30 requests",
    ]


def test_a_stage_that_fails_lets_the_error_through() -> None:
    for display, _ in (log(), terminal()):
        with pytest.raises(KeyError), display.stage("dataset"):
            raise KeyError("x")


def test_a_terminal_shows_a_bar_that_leaves_nothing_but_the_last_line() -> None:
    display, text = terminal()
    with display.stage("sft [/x]") as bar:
        bar.update(0, 0, "opening the model")  # no total is known yet
        bar.update(1, 2, "loss [/red] 0.5", 61.0)
    display.done("sft", 1.0, "done")
    assert "loss [/red] 0.5 · 1 min 01 s left" in text.getvalue()
    assert text.getvalue().endswith("  ✓ sft                           1.0 s  done\n")


def test_a_bar_without_a_total_is_no_division_by_zero() -> None:
    _, text = log()
    Bar(Console(file=text), None, None, "x").update(5, 0, "note")
    assert text.getvalue() == ""


HOSTILE = [
    "[/bold]",
    "[red]x[/red]",
    "[link=http://x]y",
    "\x1b[2J",
    "\x1b]0;title\x07",
    "a\u202eb",
    "\r",
    "\x00",
]


@pytest.mark.parametrize("said", HOSTILE)
def test_what_a_model_says_is_shown_and_never_obeyed(said: str) -> None:
    for display, text in (log(), terminal()):
        display.say(said)
        display.done(said, 1.0, said)
        with display.stage(said):
            pass
        shown = text.getvalue()
        assert legible(said) in shown
        assert "\x1b[2J" not in shown
        assert "\x1b]" not in shown
        assert not set(shown) & {"\u202e", "\x07", "\x00"}


def test_a_long_line_is_not_cut_in_a_log() -> None:
    display, text = log()
    path = "runs/" + "x" * 300
    display.say(f"report    {path} ok")
    display.done("answer", 1.0, f"{path} ok")
    assert [line.endswith(f"{path} ok") for line in text.getvalue().splitlines()] == [True, True]


@given(st.text())
def test_legible_text_has_no_control_characters_and_keeps_the_rest(text: str) -> None:
    shown = legible(text)
    assert all(c.isprintable() or c in "\n\t" or c.isspace() for c in shown)
    shown.encode("utf-8")
    assert legible(shown) == shown
    if text.isprintable():
        assert shown == text


def test_legible_text_keeps_spaces_of_every_script() -> None:
    assert legible("1\u202f000\u00a0€\u3000円") == "1\u202f000\u00a0€\u3000円"


@pytest.mark.parametrize(("rank", "speaks"), [(None, True), ("0", True), ("1", False)])
def test_of_a_launch_the_first_process_alone_says_what_it_does(
    rank: str | None, speaks: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("RANK", raising=False)
    if rank:
        monkeypatch.setenv("RANK", rank)
    Display().say("sft")
    tell({"steps": 3}, True)
    seen = capsys.readouterr()
    assert ("sft" in seen.err) is ('"steps": 3' in seen.out) is speaks
