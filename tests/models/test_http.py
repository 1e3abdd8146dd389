"""Against a real local server: what may pass is retried, the rest is an outage, nothing is paid for twice."""

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from callwright.errors import ConfigError, DataError, ModelError
from callwright.formats import reply_message
from callwright.models import Completion, Prompt, open_model
from callwright.models.faults import Fault, Faults
from callwright.models.http import HttpModel, Journal, Sent, shown
from callwright.models.pacing import Pace, SkippedTime
from callwright.models.scripted import ScriptedModel
from callwright.models.scripted_server import Reply, ScriptedServer
from callwright.record import Message

KEY = "sk-secret-1234567890"


def echo(request: dict[str, Any]) -> str:
    return str(request["messages"][-1]["content"])


def reply(text: str | None, *, finish: str = "stop", **message: Any) -> Reply:
    choice = {
        "index": 0,
        "finish_reason": finish,
        "message": {"role": "assistant", "content": text, **message},
    }
    usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    return Reply(json.dumps({"choices": [choice], "usage": usage}).encode())


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer(echo) as server:
        yield server


def impatient(url: str, **options: Any) -> HttpModel:
    """Return a model whose pauses take no time."""
    return HttpModel(url, "m", pace=Pace(8, time=SkippedTime()), **options)


def ask(*texts: str) -> list[Prompt]:
    return [Prompt(messages=(("user", text),)) for text in texts]


def test_answers_come_in_the_order_of_the_prompts(server: ScriptedServer) -> None:
    def slower_for_early(request: dict[str, Any]) -> Reply:
        time.sleep(0.05 if echo(request) in "abc" else 0)
        return reply(echo(request))

    server.answers = slower_for_early
    told: list[int] = []
    model = open_model(f"{server.url}#some/model")
    found = model.complete(ask(*"abcdefgh"), max_tokens=5, arrived=lambda place, done: told.append(place))
    assert [c.text for c in found] == list("abcdefgh")
    assert sorted(told) == list(range(8))
    assert found[0][1:] == (7, 3, "stop")
    assert model.name == "some/model"


def test_the_request_is_greedy_and_tool_results_go_out_as_user_text(server: ScriptedServer) -> None:
    prompt = Prompt(messages=(("system", "s"), ("user", "u"), ("assistant", "call"), ("tool", "result")))
    HttpModel(server.url, "m").complete([prompt], max_tokens=5)
    request, headers = server.requests[0]
    assert (request["model"], request["temperature"], request["max_tokens"]) == ("m", 0, 5)
    assert "seed" not in request
    assert [m["role"] for m in request["messages"]] == ["system", "user", "assistant", "user"]
    assert headers["authorization"] == f"Bearer {KEY}"


def test_a_sampled_request_names_its_temperature_and_a_seed_by_sample(
    server: ScriptedServer, tmp_path: Path
) -> None:
    prompts = [Prompt(messages=(("user", "a"),), temperature=0.7, sample=k) for k in range(3)]
    model = HttpModel(server.url, "m", journal=tmp_path / "j.jsonl")
    model.complete(prompts, max_tokens=5)
    seeds = {seen.body["seed"] for seen in server.requests}
    assert {seen.body["temperature"] for seen in server.requests} == {0.7}
    assert len(seeds) == 3
    assert all(0 <= seed < 2**31 for seed in seeds)
    model.complete(prompts[::-1], max_tokens=5)
    assert len(server.requests) == 3
    model.complete(prompts, max_tokens=5, seed=1)
    model.complete(ask("a"), max_tokens=5)
    assert len(server.requests) == 7
    assert len({seen.body.get("seed") for seen in server.requests}) == 7


def meeting(server: ScriptedServer, number: int) -> None:
    """Let the server answer only where so many requests are in flight at the same time."""
    together = threading.Barrier(number, timeout=20)
    server.answers = lambda request: (together.wait(), echo(request))[1]


def test_at_most_so_many_requests_run_at_once(server: ScriptedServer) -> None:
    meeting(server, 3)
    HttpModel(server.url, "m", concurrency=3).complete(ask(*"abcdefghi"), max_tokens=5)
    assert server.most_in_flight == 3


def test_a_server_that_takes_more_gets_more(server: ScriptedServer) -> None:
    model = HttpModel(server.url, "m", concurrency=7)
    model.complete(ask(*map(str, range(4 + 5))), max_tokens=5)
    assert model.pace.limit == 6
    model.complete(ask(*map(str, range(10))), max_tokens=5)
    meeting(server, 7)
    model.complete(ask(*map(str, range(21))), max_tokens=5)
    assert server.most_in_flight == model.pace.limit == 7


@pytest.mark.slow
def test_a_crowded_server_is_asked_as_much_as_it_takes_and_answers_everything() -> None:
    def answer(request: dict[str, Any]) -> str:
        time.sleep(0.015)
        return echo(request)

    texts = [str(k) for k in range(200)]
    with ScriptedServer(answer, capacity=3) as server:
        model = HttpModel(server.url, "m", pace=Pace(32, time=SkippedTime()))
        found = model.complete(ask(*texts), max_tokens=5)
        assert [c.text for c in found] == texts
        assert 2 <= model.pace.limit <= 5
        refused = server.faults["capacity"]
        assert (server.served, server.most_in_flight) == (200, 3)
        assert 0 < refused < 50
        assert model.sent == Sent(200, 200, 200, retried=refused)


KINDS = ("429:0.01", "500", "503:0.02", "529", "cut", "slow:0.01", "malformed", "wrong-schema", "empty")


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_whatever_goes_wrong_on_the_way_the_answers_are_those_of_an_undisturbed_run(
    server: ScriptedServer, kind: str, tmp_path: Path
) -> None:
    prompts = ask(*map(str, range(12)), "0", "0")
    undisturbed = HttpModel(server.url, "m").complete(prompts, max_tokens=5)
    path = tmp_path / "j.jsonl"
    with ScriptedServer(echo, faults=Faults.parse(f"{kind}=0.5", seed=3)) as disturbed:
        model = impatient(disturbed.url, journal=path)
        assert model.complete(prompts, max_tokens=5) == undisturbed
        faults = disturbed.faults[kind.partition(":")[0]]
        assert faults > 2
        assert (disturbed.served, disturbed.faults.total()) == (14, faults)
        retried = 0 if kind.startswith("slow") else faults
        assert model.sent == Sent(14, 14, 14, retried)
        assert len(disturbed.requests) == 14 + retried
        lines = path.read_text(encoding="utf-8").splitlines()
        assert sorted(json.loads(line)["text"] for line in lines) == sorted(c.text for c in undisturbed)
        again = impatient(disturbed.url, journal=path)
        assert again.complete(prompts, max_tokens=5) == undisturbed
        assert (again.sent, len(disturbed.requests)) == (Sent(), 14 + retried)


@pytest.mark.slow
def test_all_faults_together_cost_attempts_and_no_answer(tmp_path: Path) -> None:
    texts = [str(k) for k in range(60)]
    plan = Faults.parse(",".join(f"{kind}=0.06" for kind in KINDS), seed=5)
    with ScriptedServer(echo, faults=plan) as server:
        model = impatient(server.url, journal=tmp_path / "j.jsonl")
        assert [c.text for c in model.complete(ask(*texts), max_tokens=5)] == texts
        assert model.sent.retried == server.faults.total() - server.faults["slow"] > 20
        assert len(server.faults) == len(KINDS)
        met = server.faults
    with ScriptedServer(echo, faults=plan) as server:
        model = HttpModel(server.url, "m", pace=Pace(1, time=SkippedTime()))
        model.complete(ask(*texts), max_tokens=5)
        assert server.faults == met, "what happens to a request does not depend on what runs beside it"


@pytest.mark.parametrize("kind", ["429", "503", "529", "500", "cut", "malformed", "wrong-schema", "empty"])
def test_only_a_crowded_server_is_asked_less(kind: str) -> None:
    with ScriptedServer(echo, faults=Faults(planned=(Fault(kind),))) as server:
        model = impatient(server.url)
        model.complete(ask("a"), max_tokens=5)
        assert model.pace.limit == (2 if kind in ("429", "503", "529") else 4)


def test_a_server_that_is_too_slow_is_asked_less() -> None:
    with ScriptedServer(echo, faults=Faults.parse("slow:5")) as server:
        model = impatient(server.url, timeout=0.5)
        assert model.complete(ask("a"), max_tokens=5)[0].text == "a"
        assert model.pace.limit == 2


def test_too_many_requests_waits_as_long_as_the_server_says() -> None:
    clock = SkippedTime()
    with ScriptedServer(echo, faults=Faults.parse("429:90,503:0.75")) as server:
        model = HttpModel(server.url, "m", pace=Pace(1, time=clock))
        assert model.complete(ask("a"), max_tokens=5)[0].text == "a"
    assert clock.now() == 90.75


def test_the_time_to_wait_may_be_a_date(server: ScriptedServer) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    replies = iter([Reply(b"", 429, {"Retry-After": date}), reply("x")])
    server.answers = lambda _: next(replies)
    clock = SkippedTime()
    HttpModel(server.url, "m", pace=Pace(1, time=clock)).complete(ask("a"), max_tokens=5)
    assert 50 < clock.now() <= 60


def test_a_wait_that_is_too_long_is_an_outage_at_once() -> None:
    with ScriptedServer(echo, faults=Faults.parse("429:3600")) as server:
        with pytest.raises(ModelError, match=r"Retry-After 3600 s; at most 300 s are waited"):
            impatient(server.url).complete(ask("a"), max_tokens=5)
        assert len(server.requests) == 1


def test_a_server_that_knows_better_is_not_asked_again(server: ScriptedServer) -> None:
    server.answers = lambda _: Reply(b"{}", 429, {"x-should-retry": "false"})
    with pytest.raises(ModelError):
        impatient(server.url).complete(ask("a"), max_tokens=5)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        Reply(b"oops", 500),
        Reply(b"{}", 429, {"retry-after-ms": "5"}),
        Reply(b'{"error": {"message": "context length exceeded"}}', 400),
        Reply(b'{"choices": [{"mess'),
        reply("x")._replace(cut=True),
        Reply(b""),
        Reply(b"null"),
        Reply(b"[" * 100_000),
        Reply(b'{"choices": []}'),
        Reply(b'{"choices": null}'),
        Reply(b'{"choices": [{"finish_reason": "stop"}]}'),
        Reply(b'{"choices": [{"message": null}]}'),
        Reply(b'{"choices": [{"message": {}}]}'),
        reply("", finish="error"),
        reply('<tool_call>\n{"name": "ge', finish="abort"),
        Reply(b'{"choices": [{"message": {"content": ["a"]}}]}'),
        Reply(b"<html>login</html>", 200, {"Content-Type": "text/html"}),
        reply(
            None, tool_calls=[{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
        ),
    ],
    ids=lambda answer: f"{answer.status}-{answer.body[:30]!r}",
)
def test_a_failure_that_stays_is_an_outage_and_never_an_answer(
    server: ScriptedServer, answer: Reply, tmp_path: Path
) -> None:
    server.answers = lambda _: answer
    journal = Journal(tmp_path / "j.jsonl")
    with pytest.raises(ModelError, match=r"127\.0\.0\.1") as caught:
        impatient(server.url, retries=1, journal=journal).complete(ask("a", "b"), max_tokens=5)
    assert "\n" not in str(caught.value)
    assert journal.answers == {}


def test_an_outage_says_how_often_it_was_asked() -> None:
    with ScriptedServer(echo, faults=Faults.parse("500,500,500")) as server:
        with pytest.raises(ModelError, match=r"InternalServerError: .* planned, after 3 attempts"):
            impatient(server.url, retries=2).complete(ask("a"), max_tokens=5)
        assert impatient(server.url, retries=2).complete(ask("a"), max_tokens=5)[0].text == "a"


def test_an_outage_waits_for_nobody_who_waits(server: ScriptedServer) -> None:
    """One request is told to wait for minutes, another one fails: the run ends at once."""
    both = threading.Barrier(2, timeout=20)

    def answer(request: dict[str, Any]) -> Reply:
        both.wait()
        if echo(request) == "later":
            return Reply(b"{}", 429, {"Retry-After": "250"})
        time.sleep(0.05)
        return Reply(b"{}", 400)

    server.answers = answer
    started = time.monotonic()
    with pytest.raises(ModelError):
        HttpModel(server.url, "m").complete(ask("later", "never"), max_tokens=5)
    assert time.monotonic() - started < 10


def test_a_slow_server_is_an_outage() -> None:
    with (
        ScriptedServer(echo, faults=Faults.parse("slow:3")) as server,
        pytest.raises(ModelError, match="Timeout"),
    ):
        HttpModel(server.url, "m", timeout=0.05, retries=0).complete(ask("a"), max_tokens=5)


def test_a_server_that_is_not_there_is_an_outage_and_asked_less() -> None:
    model = impatient("http://me:hidden@127.0.0.1:9/v1", retries=1)
    with pytest.raises(ModelError, match=r"did not answer: .*, after 2 attempts") as caught:
        model.complete(ask("a"), max_tokens=5)
    assert model.pace.limit == 1
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refusal_is_the_callers_to_mend_and_hides_the_key(server: ScriptedServer, status: int) -> None:
    server.answers = lambda _: Reply(json.dumps({"error": {"message": f"bad key {KEY}"}}).encode(), status)
    with pytest.raises(ConfigError, match="OPENAI_API_KEY") as caught:
        HttpModel(server.url, "m").complete(ask("a"), max_tokens=5)
    assert KEY not in str(caught.value)
    assert caught.value.__cause__ is None
    assert len(server.requests) == 1


def test_an_empty_answer_is_an_answer(server: ScriptedServer) -> None:
    server.answers = lambda _: reply("", finish="length")
    assert HttpModel(server.url, "m").complete(ask("a"), max_tokens=5)[0] == ("", 7, 3, "length")
    server.answers = lambda _: Reply(
        b'{"choices": [{"message": {"content": null}, "finish_reason": "stop"}]}'
    )
    assert HttpModel(server.url, "m").complete(ask("a"), max_tokens=5)[0] == ("", 0, 0, "stop")


def test_a_thought_that_the_prompt_opened_is_opened(server: ScriptedServer) -> None:
    server.answers = lambda _: reply("So.\n</think>\n\nYes.")
    text = HttpModel(server.url, "m").complete(ask("a"), max_tokens=5)[0].text
    assert reply_message(text) == Message(role="assistant", content="Yes.", reasoning="So.")
    server.answers = lambda _: reply("It ends with </think>.", reasoning_content="So.")
    assert HttpModel(server.url, "m").complete(ask("b"), max_tokens=5)[0].text == "It ends with </think>."


def test_half_a_character_is_kept_as_it_came(server: ScriptedServer, tmp_path: Path) -> None:
    server.answers = lambda _: reply("a\ud83d")
    path = tmp_path / "j.jsonl"
    for _ in range(2):
        assert HttpModel(server.url, "m", journal=path).complete(ask("a"), max_tokens=5)[0].text == "a\ud83d"
    assert len(server.requests) == 1


def test_a_second_run_pays_nothing(server: ScriptedServer, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "journal.jsonl"
    first = HttpModel(server.url, "m", journal=path).complete(ask("a", "b"), max_tokens=5)
    assert len(server.requests) == 2
    told: list[int] = []
    again = open_model(f"{server.url}#m", journal=path)
    assert (
        again.complete(ask("b", "a"), max_tokens=5, arrived=lambda place, done: told.append(place))
        == first[::-1]
    )
    assert len(server.requests) == 2
    assert sorted(told) == [0, 1]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_journal_on_a_full_disk_is_named(server: ScriptedServer, tmp_path: Path) -> None:
    model = HttpModel(server.url, "m", journal=Path("/dev/full"))
    with pytest.raises(DataError, match=r"^/dev/full: can not be written: got No space left on device$"):
        model.complete(ask("a"), max_tokens=5)
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"file/j.jsonl: can not be written"):
        Journal(tmp_path / "file" / "j.jsonl")


def test_what_is_answered_behind_half_a_line_is_found_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.jsonl")
    journal.path.mkdir()
    with pytest.raises(DataError, match=r"j\.jsonl: can not be written"):
        journal.append("a", Completion("x", 1, 1, "stop"))
    journal.path.rmdir()
    journal.path.write_text('{"key": "a", "te', encoding="utf-8")
    journal.append("b", Completion("y", 1, 1, "stop"))
    assert Journal(journal.path).answers == {"b": Completion("y", 1, 1, "stop")}


def test_another_model_limit_or_text_is_another_answer(server: ScriptedServer, tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    HttpModel(server.url, "m", journal=path).complete(ask("a"), max_tokens=5)
    HttpModel(server.url, "other", journal=path).complete(ask("a"), max_tokens=5)
    HttpModel(server.url, "m", journal=path).complete(ask("a"), max_tokens=6)
    HttpModel(server.url, "m", journal=path).complete(ask("a "), max_tokens=5)
    assert len(server.requests) == 4


def test_equal_prompts_are_asked_once_each(server: ScriptedServer, tmp_path: Path) -> None:
    server.answers = ScriptedModel(list("0123456789"))
    model = HttpModel(server.url, "m", journal=tmp_path / "j.jsonl", concurrency=1)
    assert [c.text for c in model.complete(ask("a", "a", "a"), max_tokens=5)] == ["0", "1", "2"]
    assert [c.text for c in model.complete(ask("a", "a"), max_tokens=5)] == ["0", "1"]


def test_what_was_answered_before_a_failure_is_kept(server: ScriptedServer, tmp_path: Path) -> None:
    server.answers = lambda r: Reply(b"{}", 400) if echo(r) == "c" else "x"
    path = tmp_path / "j.jsonl"
    with pytest.raises(ModelError):
        HttpModel(server.url, "m", journal=path, concurrency=1).complete(ask(*"abcd"), max_tokens=5)
    assert len(Journal(path).answers) >= 2
    server.answers = lambda _: "x"
    kept, before = len(Journal(path).answers), len(server.requests)
    HttpModel(server.url, "m", journal=path).complete(ask(*"abcd"), max_tokens=5)
    assert len(server.requests) - before == 4 - kept


@pytest.mark.parametrize(("status", "error"), [(400, ModelError), (401, ConfigError)])
def test_what_was_in_flight_when_one_failed_is_told_and_counted(
    server: ScriptedServer, status: int, error: type[Exception], tmp_path: Path
) -> None:
    all_three = threading.Barrier(3, timeout=20)

    def answer(request: dict[str, Any]) -> str | Reply:
        all_three.wait()
        if echo(request) == "bad":
            return Reply(b"{}", status)
        time.sleep(0.05)
        return "x"

    server.answers = answer
    told: dict[int, Completion] = {}
    model = HttpModel(server.url, "m", journal=tmp_path / "j.jsonl")
    with pytest.raises(error):
        model.complete(ask("a", "bad", "b"), max_tokens=5, arrived=told.__setitem__)
    assert sorted(told) == [0, 2]
    assert model.sent == Sent(2, 2, 2)
    assert len(Journal(tmp_path / "j.jsonl").answers) == 2


def test_a_run_finds_what_earlier_versions_journalled(tmp_path: Path) -> None:
    keys = ("c82bdb067013be3a72a526bebfbead4e", "c3cead91c2afa22db6e34d6e27e93536")
    path = tmp_path / "j.jsonl"
    lines = [
        json.dumps({"key": key, "text": text, "prompt_tokens": 2, "completion_tokens": 1, "finish": "stop"})
        for key, text in zip(keys, ("one", "two"), strict=True)
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    prompt = Prompt(messages=(("system", "s"), ("user", "hi")))
    model = impatient("http://127.0.0.1:8000/v1", retries=0, journal=path)
    assert [c.text for c in model.complete([prompt, prompt], max_tokens=5)] == ["one", "two"]


@pytest.mark.parametrize("cut", [1, 5, 40])
def test_a_line_that_a_crash_cut_short_costs_one_request(
    server: ScriptedServer, tmp_path: Path, cut: int
) -> None:
    path = tmp_path / "j.jsonl"
    HttpModel(server.url, "m", journal=path, concurrency=1).complete(ask("a", "b"), max_tokens=5)
    path.write_bytes(path.read_bytes()[:-cut])
    found = HttpModel(server.url, "m", journal=path).complete(ask("a", "b"), max_tokens=5)
    assert [c.text for c in found] == ["a", "b"]
    assert len(server.requests) == (2 if cut == 1 else 3)
    HttpModel(server.url, "m", journal=path).complete(ask("a", "b"), max_tokens=5)
    assert len(server.requests) == (2 if cut == 1 else 3)


def test_the_key_is_in_no_journal(server: ScriptedServer, tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    HttpModel(server.url, "m", journal=path).complete(ask("a"), max_tokens=5)
    assert KEY not in path.read_text(encoding="utf-8")


def test_a_password_in_the_url_is_not_shown() -> None:
    assert shown("https://me:pw@host:8000/v1?key=1") == "https://host:8000/v1"
    with pytest.raises(ConfigError) as caught:
        open_model("https://me:pw@host/v1")
    assert "pw" not in str(caught.value)


def test_a_local_server_needs_no_key(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    assert HttpModel(server.url, "m").complete(ask("a"), max_tokens=5)[0].text == "a"


def test_a_prompt_without_messages_is_refused(server: ScriptedServer) -> None:
    with pytest.raises(DataError, match="without messages"):
        HttpModel(server.url, "m").complete([Prompt(segments=(("a", True),))], max_tokens=5)
    assert not server.requests
