"""A script answers by substring first, in order otherwise, and says so when it can not."""

import json
from pathlib import Path

import pytest

from callwright.errors import ConfigError, DataError, UserError
from callwright.models import Completion, Model, Prompt, open_model
from callwright.models.scripted import ScriptedModel


def ask(text: str) -> Prompt:
    return Prompt(messages=(("system", "s"), ("user", text)))


def script(path: Path, *lines: object) -> Model:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return open_model(f"scripted:{path}")


def texts(model: Model, *asked: str) -> list[str]:
    return [c.text for c in model.complete([ask(text) for text in asked], max_tokens=99)]


def test_lines_answer_in_the_order_of_asking(tmp_path: Path) -> None:
    model = script(tmp_path / "s.jsonl", {"text": "one"}, {"text": "two"}, {"text": "three"})
    assert texts(model, "a", "b") == ["one", "two"]
    assert texts(model, "a") == ["three"]


def test_a_match_answers_every_time_and_uses_up_no_line(tmp_path: Path) -> None:
    model = script(tmp_path / "s.jsonl", {"text": "one"}, {"match": "rain", "text": ""}, {"text": "two"})
    assert texts(model, "will it rain", "x", "rain?", "y") == ["", "one", "", "two"]


def test_only_the_last_user_message_is_matched(tmp_path: Path) -> None:
    model = script(tmp_path / "s.jsonl", {"match": "rain", "text": "hit"}, {"text": "miss"})
    prompt = Prompt(messages=(("user", "rain"), ("assistant", "rain"), ("user", "sun"), ("tool", "rain")))
    assert model.complete([prompt], max_tokens=9)[0].text == "miss"


def test_a_script_that_ran_out_names_the_prompt(tmp_path: Path) -> None:
    model = script(tmp_path / "s.jsonl", {"text": "one"})
    with pytest.raises(DataError, match=r"s\.jsonl: the script has no answer left: got the prompt 'b'"):
        texts(model, "a", "b")


@pytest.mark.parametrize(
    "line", ["{", "[]", "7", '{"text": 7}', "{}", '{"text": "a", "match": 1}', '{"text": "a", "x": 1}']
)
def test_a_line_that_is_none_is_named_by_number(tmp_path: Path, line: str) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text('{"text": "fine"}\n\n' + line + "\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"s\.jsonl:3: "):
        open_model(f"scripted:{path}")


def test_line_separators_inside_a_text_do_not_split_it(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text('{"text": "a\u2028b"}\n', encoding="utf-8")
    assert texts(open_model(f"scripted:{path}"), "x") == ["a\u2028b"]


def test_a_missing_script_is_a_user_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="can not be read"):
        open_model(f"scripted:{tmp_path / 'none.jsonl'}")


def test_a_function_may_answer() -> None:
    model = ScriptedModel(lambda prompt: prompt.messages[-1][1].upper())
    assert texts(model, "a", "b") == ["A", "B"]


def test_an_answer_over_the_limit_is_marked() -> None:
    long, short = ScriptedModel(["a b c", "a b"]).complete([ask("x"), ask("x")], max_tokens=2)
    assert (long.finish, short.finish) == ("length", "stop")
    assert long.completion_tokens == 3


def test_every_answer_is_told_of_with_its_place() -> None:
    told: dict[int, Completion] = {}
    found = ScriptedModel(["a", "b"]).complete([ask("x"), ask("y")], max_tokens=2, arrived=told.__setitem__)
    assert told == dict(enumerate(found))


@pytest.mark.parametrize("spec", ["", "no/such/dir", "ftp://x#y", "http:x", "gpt-4"])
def test_a_spec_that_names_no_model_is_refused(spec: str) -> None:
    with pytest.raises(ConfigError, match="no such model") as caught:
        open_model(spec)
    assert "scripted:file.jsonl" in str(caught.value)


def test_a_url_without_a_model_name_is_refused() -> None:
    with pytest.raises(ConfigError, match="names no model"):
        open_model("http://localhost:1/v1")


def test_the_embedded_model_needs_someone_to_provide_it() -> None:
    with pytest.raises(ConfigError, match="smollm2-135m"):
        open_model("smollm2-135m")
