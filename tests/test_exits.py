"""How the command line ends: what is said in one line, and with which exit code."""

import pytest

from callwright.exits import ended


def fails(error: BaseException) -> None:
    raise error


@pytest.mark.parametrize("verb", ["unify", "synthesize", "converse", "verify", "pair", "augment", "train"])
def test_after_ctrl_c_no_verb_says_that_nothing_was_kept(
    verb: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["callwright", verb])
    assert ended(lambda: fails(KeyboardInterrupt())) == 130
    said = capsys.readouterr().err
    assert said == "error: interrupted; the same command goes on with whatever was kept\n"


def test_a_name_that_is_no_utf_8_is_one_line_and_other_text_is_no_users_mistake(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert ended(lambda: "a/l\udce9gs.py".encode()) == 2
    said = capsys.readouterr().err
    assert said == "error: a/l\\udce9gs.py: can not be written down: expected a name in UTF-8 (rename it)\n"
    with pytest.raises(UnicodeEncodeError):
        ended(lambda: "half of a smile \ud83d".encode())


def test_of_a_long_text_only_the_place_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(lambda: ("x" * 9000 + "\udce9" + "y" * 9000).encode()) == 2
    assert len(capsys.readouterr().err) < 300
