"""A local model that is read while it writes says what it says when it is asked for the whole."""

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from written_answers import told_of

from callwright.errors import DataError, ModelError
from callwright.models import Completion, Prompt
from callwright.models.local import LocalModel
from callwright.models.scripted import ScriptedModel
from callwright.models.writer import LocalWriter
from callwright.models.writing import Load, Piece, WholeAnswers, Wish


@pytest.fixture(scope="module")
def model(tiny_dir: Path) -> LocalModel:
    return LocalModel(tiny_dir, dtype="float32")


@pytest.fixture(scope="module")
def writer(model: LocalModel) -> Iterator[LocalWriter]:
    with closing(LocalWriter(model)) as opened:
        yield opened


def prompt_of(text: str, **more: Any) -> Prompt:
    return Prompt(segments=((text, False),), **more)


def test_the_pieces_make_up_the_completion(model: LocalModel, writer: LocalWriter) -> None:
    for text in ("hello", "é", "a b c"):
        pieces, whole = told_of(writer, prompt_of(text), Wish(40))
        assert "".join(piece.text for piece in pieces) == whole.text
        assert whole == model.complete([prompt_of(text)], max_tokens=40)[0]


def test_many_at_once_say_what_each_says_alone(model: LocalModel, writer: LocalWriter) -> None:
    prompts = [prompt_of("hello " * n) for n in range(1, 9)]
    alone = [model.complete([prompt], max_tokens=12)[0] for prompt in prompts]
    found: dict[int, Completion] = {}

    def ask(place: int) -> None:
        found[place] = told_of(writer, prompts[place], Wish(12))[1]

    asking = [threading.Thread(target=ask, args=(place,)) for place in range(len(prompts))]
    for each in asking:
        each.start()
    for each in asking:
        each.join()
    assert [found[place] for place in range(len(prompts))] == alone
    assert writer.load == Load(0, 0)


def test_an_answer_ends_before_a_stop(model: LocalModel, writer: LocalWriter) -> None:
    whole = model.complete([prompt_of("hello")], max_tokens=40)[0].text
    stop = whole[5:8]
    assert stop.strip()
    pieces, ended = told_of(writer, prompt_of("hello"), Wish(40, stop=("never said", stop)))
    assert ended.text == whole[: whole.index(stop)] == "".join(piece.text for piece in pieces)
    assert ended.finish == "stop"
    assert ended.completion_tokens < 40


def test_what_is_drawn_follows_its_seed(model: LocalModel, writer: LocalWriter) -> None:
    asked = prompt_of("hello", temperature=1.5)
    texts = [told_of(writer, asked, Wish(20, seed=seed))[1].text for seed in (1, 2, 1)]
    assert texts[0] == texts[2] != texts[1]
    assert texts[0] == model.complete([asked], max_tokens=20, seed=1)[0].text
    assert told_of(writer, asked, Wish(20, seed=1, top_p=1e-9))[1].text == (
        model.complete([prompt_of("hello")], max_tokens=20)[0].text
    )


def test_the_log_probabilities_are_those_of_the_model(
    model: LocalModel, writer: LocalWriter, torch: Any
) -> None:
    pieces, whole = told_of(writer, prompt_of("hello"), Wish(6, logprobs=3))
    scored = [token for piece in pieces for token in piece.tokens]
    assert len(scored) == whole.completion_tokens
    ids = model.read(prompt_of("hello"), 6)
    for token in scored:
        with torch.inference_mode():
            best = torch.log_softmax(model.model(torch.tensor([ids])).logits[0, -1].float(), -1).topk(3)
        assert token.logprob == pytest.approx(best.values[0].item(), abs=1e-4)
        assert [other.logprob for other in token.top] == pytest.approx(best.values.tolist(), abs=1e-4)
        assert token.text == token.top[0][0] == model.text(best.indices[:1].tolist())
        ids = [*ids, best.indices[0].item()]


def test_what_is_given_up_is_not_told_on(writer: LocalWriter) -> None:
    heard: list[object] = []
    begun, go = threading.Event(), threading.Event()

    def told(item: object) -> None:
        heard.append(item)
        begun.set()
        assert go.wait(60)

    cancel = writer.write(prompt_of("hello", temperature=2.0), Wish(400), told)
    assert begun.wait(60)
    cancel()
    go.set()
    told_of(writer, prompt_of("x"), Wish(2))
    assert all(isinstance(item, Piece) for item in heard)
    assert len(heard) < 10


def test_what_can_not_be_written_is_said_at_once(model: LocalModel) -> None:
    writer = LocalWriter(model)
    with pytest.raises(DataError, match="does not fit"):
        writer.write(prompt_of("x" * 600), Wish(8), print)
    writer.close()
    with pytest.raises(ModelError, match="being closed"):
        writer.write(prompt_of("x"), Wish(8), print)


def test_a_script_is_told_word_by_word() -> None:
    with closing(WholeAnswers(ScriptedModel(lambda prompt: "one two three"))) as writer:
        pieces, whole = told_of(writer, Prompt(messages=(("user", "?"),)), Wish(8, stop=("three",)))
    assert [piece.text for piece in pieces] == ["one", " two "]
    assert whole.text == "one two "
