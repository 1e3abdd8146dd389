"""Classes as tools: fresh instances for each episode, an initial state, and what an episode changed."""

import json
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright import assets
from callwright.errors import ToolsError
from callwright.record import Change, Episode, Json, Played, ToolCall
from callwright.toolbox import Executor, Toolbox, import_python
from callwright.toolbox.child import snapshot

SOURCE = '''
import datetime, enum, os, random
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple, Protocol, TypedDict

LIMIT = 1000
_CACHE: dict[str, int] = {}


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@dataclass
class Entry:
    amount: float
    day: datetime.date = datetime.date(2026, 1, 1)


class Account:
    """A bank account."""

    opened: datetime.date = datetime.date(2026, 1, 1)
    tags: set[str]

    def __init__(self, owner: str = "nobody", balance: float = 0.0) -> None:
        self.owner = owner
        self.balance = balance
        self.entries: list[Entry] = []
        self.tags = set()
        self.parent: Account | None = None
        self._secret = 0

    def deposit(self, amount: float) -> float:
        """Pay in.

        Args:
            amount: How much.
        """
        if amount <= 0:
            raise ValueError("amount must be above zero")
        self._secret += 1
        self.entries.append(Entry(amount))
        self.balance += amount
        return self.balance

    async def owner_of(self) -> str:
        return self.owner

    def tag(self, name: str) -> list[str]:
        self.tags.add(name)
        return sorted(self.tags)

    def opened_on(self) -> datetime.date:
        return self.opened

    def adopt(self) -> None:
        self.parent = self

    def exit(self, status: int) -> None:
        os._exit(status)

    def hang(self) -> None:
        while True:
            pass

    @staticmethod
    def limit() -> int:
        return LIMIT

    def _audit(self, unnamed) -> None:
        pass


class Shelf:
    """Two ways for an episode to reach into the next: an attribute of the class, a global of the file."""

    items: list[str] = []

    def put(self, item: str) -> list[str]:
        self.items.append(item)
        return self.items

    def remember(self, key: str) -> int:
        _CACHE[key] = _CACHE.get(key, 0) + 1
        return _CACHE[key]


class Loaded:
    def __init__(self) -> None:
        self.rooms: dict[str, int] = {}

    def _load_scenario(self, scenario: dict, long_context: bool = False) -> None:
        if "rooms" not in scenario:
            raise KeyError("rooms")
        self.rooms = dict(scenario["rooms"])

    def rename(self, old: str, new: str) -> int:
        self.rooms[new] = self.rooms.pop(old)
        return len(self.rooms)


class NeedsArguments:
    def __init__(self, path: str) -> None:
        self.path = path

    def read(self, path: str) -> str:
        return path


class Colour(enum.Enum):
    RED = "red"

    def shown(self) -> str:
        return self.value


class Speaker(Protocol):
    def speak(self, text: str) -> str: ...


class Failure(Exception):
    def explain(self, text: str) -> str:
        return text


class Point(NamedTuple):
    x: int = 0

    def moved(self, by: int) -> "Point":
        return self


class Helper:
    def run(self, anything):
        return anything
'''
METHODS = {
    "Account": ("deposit", "owner_of", "tag", "opened_on", "adopt", "exit", "hang", "limit"),
    "Shelf": ("put", "remember"),
    "Loaded": ("rename",),
}


@pytest.fixture(scope="module")
def toolbox(tmp_path_factory: pytest.TempPathFactory) -> Toolbox:
    return toolbox_of(tmp_path_factory.mktemp("stateful"), SOURCE)


@pytest.fixture(scope="module")
def execute(toolbox: Toolbox) -> Iterator[Executor]:
    with Executor(toolbox, timeout=20, workers=2) as executor:
        yield executor


def toolbox_of(folder: Path, source: str) -> Toolbox:
    path = folder / "tools.py"
    path.write_text(source, encoding="utf-8")
    return import_python(path)


def episode(*calls: tuple[str, dict[str, Json]], state: dict[str, Json] | None = None) -> Episode:
    return Episode(tuple(ToolCall(name=name, arguments=arguments) for name, arguments in calls), state)


def values(played: Played) -> list[Json]:
    return [observation.value if observation.ok else observation.error for observation in played.observations]


def changed(played: Played) -> dict[str, tuple[Json, Json]]:
    return {change.path: (change.before, change.after) for change in played.changes}


def test_public_methods_of_classes_that_need_nothing_are_tools(toolbox: Toolbox) -> None:
    assert [t.name for t in toolbox.tools] == ["add", *(name for names in METHODS.values() for name in names)]
    assert toolbox.classes == METHODS
    deposit = next(tool for tool in toolbox.tools if tool.name == "deposit")
    assert deposit.description == "Pay in."
    assert deposit.parameters == {
        "type": "object",
        "properties": {"amount": {"type": "number", "description": "How much."}},
        "required": ["amount"],
    }


def test_calls_of_an_episode_share_a_state_and_episodes_do_not(execute: Executor) -> None:
    twice = episode(("deposit", {"amount": 5}), ("deposit", {"amount": 2.5}), ("owner_of", {}))
    assert [values(played) for played in execute.play([twice] * 40)] == [[5.0, 7.5, "nobody"]] * 40


def test_changes_are_named_by_their_paths(execute: Executor) -> None:
    (played,) = execute.play(
        [episode(("deposit", {"amount": 5}), ("tag", {"name": "b"}), ("tag", {"name": "a"}))]
    )
    assert played.changes == (
        Change(path="Account.balance", before=0.0, after=5.0),
        Change(path="Account.entries[0]", before=None, after={"amount": 5.0, "day": "2026-01-01"}),
        Change(path="Account.tags", before=[], after=["a", "b"]),
    )


def test_an_object_that_points_to_itself_is_a_reference(execute: Executor) -> None:
    (played,) = execute.play([episode(("adopt", {}))])
    assert changed(played) == {"Account.parent": (None, "<Account>")}


def test_an_episode_without_a_change_has_none(execute: Executor) -> None:
    (played,) = execute.play([episode(("owner_of", {}), ("add", {"a": 1, "b": 2}))])
    assert values(played) == ["nobody", 3]
    assert played.changes == ()


def test_a_state_is_given_to_constructor_and_attributes_as_their_types(execute: Executor) -> None:
    state = {"Account": {"owner": "Ada", "opened": "2025-02-03", "tags": ["x"]}}
    (played,) = execute.play(
        [episode(("owner_of", {}), ("opened_on", {}), ("tag", {"name": "y"}), state=state)]
    )
    assert values(played) == ["Ada", "2025-02-03", ["x", "y"]]
    assert changed(played) == {"Account.tags": (["x"], ["x", "y"])}


def test_a_class_with_a_loader_gets_the_state_as_it_is(execute: Executor) -> None:
    state = {"Loaded": {"rooms": {"hall": 1, "front room": 2}}}
    (played,) = execute.play([episode(("rename", {"old": "hall", "new": "lobby"}), state=state)])
    assert values(played) == [2]
    assert changed(played) == {"Loaded.rooms.hall": (1, None), "Loaded.rooms.lobby": (None, 1)}


@pytest.mark.parametrize(
    ("state", "error"),
    [
        ({"Account": {"balnce": 3}},
         "Account has no attribute 'balnce' to set; it has owner, balance, entries, tags, parent, opened"),
        ({"Account": {"_secret": 3}}, "Account has no attribute '_secret' to set"),
        ({"Account": {"deposit": 3}}, "Account has no attribute 'deposit' to set"),
        ({"Account": {"opened": "yesterday"}}, "'opened' does not fit: Invalid isoformat string"),
        ({"Account": 3}, "Account can not start: "),
        ({"Bank": {}}, "no class with a state is named 'Bank'"),
        ({"Loaded": {}}, "Loaded can not start: KeyError: 'rooms'"),
        ({"Account": {"owner": float("nan")}}, "the state is not JSON: "),
    ],
)  # fmt: skip
def test_a_state_that_does_not_fit_refuses_the_episode(execute: Executor, state: Json, error: str) -> None:
    bad, good = execute.play(
        [episode(("owner_of", {}), ("limit", {}), state=state), episode(("owner_of", {}))]
    )
    assert {observation.kind for observation in bad.observations} == {"refused"}
    assert all(observation.error.startswith(error) for observation in bad.observations), bad
    assert bad.changes == ()
    assert values(good) == ["nobody"]


def test_a_call_that_is_none_is_refused_and_the_others_are_made(execute: Executor) -> None:
    calls = (
        ToolCall(name="none"),
        ToolCall(name="deposit", arguments={"amount": 1}),
        ToolCall(name="deposit", arguments=None),
        ToolCall(name="deposit", arguments={"amount": 2}),
    )
    (played,) = execute.play([Episode(calls)])
    assert [observation.kind for observation in played.observations] == [
        "refused",
        "result",
        "refused",
        "result",
    ]
    assert played.observations[3].value == 3.0
    assert execute.play([Episode((ToolCall(name="none"),), {"Account": {}}), Episode(())]) == [
        Played((played.observations[0],)), Played(())
    ]  # fmt: skip


def test_what_a_method_raises_is_its_observation_and_the_episode_goes_on(execute: Executor) -> None:
    (played,) = execute.play([episode(("deposit", {"amount": 0}), ("deposit", {"amount": 1}))])
    assert values(played) == ["ValueError: amount must be above zero", 1.0]


def test_an_episode_can_not_reach_into_the_next(execute: Executor) -> None:
    shelves = episode(("put", {"item": "a"}), ("put", {"item": "b"}), ("remember", {"key": "k"}))
    for played in execute.play([shelves] * 6):
        assert values(played) == [["a"], ["a", "b"], 1]
        assert changed(played) == {"Shelf.items[0]": (None, "a"), "Shelf.items[1]": (None, "b")}


def test_a_single_call_is_an_episode_of_its_own(execute: Executor) -> None:
    deposit = ToolCall(name="deposit", arguments={"amount": 5})
    assert [execute(deposit).value for _ in range(3)] == [5.0] * 3
    sum_ = ToolCall(name="add", arguments={"a": 1, "b": 2})
    assert [o.value for o in execute.many([deposit, sum_, deposit])] == [5.0, 3, 5.0]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("deadly", "arguments", "kind", "error"),
    [
        ("exit", {"status": 3}, "crashed", "the call ended the process with status 3"),
        ("hang", {}, "timeout", "no answer within 0.4 s"),
    ],
)
def test_an_episode_that_dies_is_repeated_before_anybody_is_blamed(
    toolbox: Toolbox, deadly: str, arguments: dict[str, Json], kind: str, error: str
) -> None:
    good = episode(("deposit", {"amount": 1}), ("deposit", {"amount": 1}))
    bad = episode(
        ("deposit", {"amount": 5}), (deadly, arguments), ("owner_of", {}), ("add", {"a": 1, "b": 1})
    )
    with Executor(toolbox, timeout=0.4) as execute:
        played = execute.play([good, bad, good, bad, good])
    assert [values(p) for p in played[::2]] == [[1.0, 2.0]] * 3
    assert [changed(p)["Account.balance"] for p in played[::2]] == [(0.0, 2.0)] * 3
    for one in played[1::2]:
        assert [o.kind for o in one.observations] == ["result", kind, "refused", "refused"]
        assert one.observations[0].value == 5.0
        assert one.observations[1].error == error
        assert one.observations[2].error == (
            f"not called: call 2 of the episode ended its process ({kind}: {error})"
        )
        assert one.changes == ()


def test_the_order_of_plain_and_stateful_episodes_is_kept(execute: Executor) -> None:
    plain = [episode(("add", {"a": n, "b": 0})) for n in range(10)]
    stateful = [episode(("deposit", {"amount": n + 1})) for n in range(10)]
    mixed = [e for pair in zip(plain, stateful, strict=True) for e in pair]
    assert [values(p)[0] for p in execute.play(mixed)] == [v for n in range(10) for v in (n, n + 1.0)]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("def go(x: int): pass\nclass A:\n    def go(self, x: int): pass",
         "A.go (the name is taken by a function)"),
        ("class A:\n    def go(self, x: int): pass\nclass B:\n    def go(self, x: int): pass",
         "B.go (the name is taken by A)"),
        ("class A:\n    def go(self, x: int): pass\n    def do(self, y): pass", "A.do (y: no type)"),
        ("class A:\n    def go(self, x: int): pass\n    def do(self, *y: int): pass", "A.do (*y: name each"),
        ("class A:\n    def go(self, x): pass", "no public function"),
        ("class _A:\n    def go(self, x: int): pass", "no public function"),
        ("from json import JSONDecoder", "no public function"),
    ],
)  # fmt: skip
def test_a_class_that_can_not_be_tools_is_named_in_one_line(
    tmp_path: Path, source: str, message: str
) -> None:
    with pytest.raises(ToolsError) as caught:
        toolbox_of(tmp_path, source)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_methods_are_inherited_and_overridden(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(
        "class Shop:\n    def __init__(self):\n        self.stock = 3\n"
        "    def sell(self, n: int = 1) -> int:\n        self.stock -= n\n        return self.stock\n"
        "    def greet(self) -> str:\n        return 'hello'\n",
        encoding="utf-8",
    )
    toolbox = toolbox_of(
        tmp_path, "import shop\nclass Corner(shop.Shop):\n    def greet(self) -> str:\n        return 'hi'\n"
    )
    assert toolbox.classes == {"Corner": ("greet", "sell")}
    with Executor(toolbox) as execute:
        (played,) = execute.play([episode(("sell", {"n": 2}), ("greet", {}), state={"Corner": {"stock": 9}})])
    assert values(played) == [7, "hi"]
    assert changed(played) == {"Corner.stock": (9, 7)}


@pytest.mark.slow
def test_a_state_too_large_to_tell_is_told_by_digest(tmp_path: Path) -> None:
    toolbox = toolbox_of(
        tmp_path,
        "class Big:\n    def __init__(self):\n"
        "        self.text = ''\n        self.many = []\n        self.huge = []\n"
        "    def write(self, size: int) -> int:\n        self.text = 'x' * size\n        return size\n"
        "    def count(self, size: int) -> int:\n        self.many = list(range(size))\n        return size\n"
        "    def fill(self, size: int) -> int:\n        self.huge = [[]] * size\n        return size\n",
    )
    with Executor(toolbox, timeout=20) as execute:
        text, again, many, huge = execute.play(
            [episode(("write", {"size": 5000}))] * 2
            + [episode(("count", {"size": 300})), episode(("fill", {"size": 300_000}))]
        )
    (change,) = text.changes
    assert change.path == "Big.text"
    assert change.after.startswith("<5002 characters, sha256 ")
    assert text.changes == again.changes
    assert len(many.changes) == snapshot.MAX_CHANGES + 1
    assert many.changes[-1].path == snapshot.FURTHER
    assert many.changes[-1].after.startswith("<100 more, sha256 ")
    assert huge.observations[0].ok
    assert huge.changes[0].path == snapshot.NOT_COMPARED
    assert huge.changes[0].before is None
    assert huge.changes[0].after.startswith("behind the first 200000 values")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(JSON, JSON)
def test_equal_states_have_no_differences_and_others_have_some(one: Json, other: Json) -> None:
    first, second = snapshot.snapshot({"X": one}), snapshot.snapshot({"X": other})
    assert snapshot.differences(first, snapshot.snapshot({"X": one})) == []
    same = json.dumps(first, sort_keys=True) == json.dumps(second, sort_keys=True)
    assert (snapshot.differences(first, second) == []) == same


class _Node:
    def __init__(self) -> None:
        self.next: _Node | None = None
        self.odd = [float("nan"), 2**80, b"ab", {1, "a"}, frozenset({2.5}), {(1, 2): 3}, "\ud800", print, sys]


def test_whatever_an_object_holds_has_a_form() -> None:
    node = _Node()
    node.next = node
    found = snapshot.snapshot({"N": node})
    assert found["N"]["next"] == "<N>"
    assert found["N"]["odd"][:2] == ["nan", str(2**80)]
    assert json.loads(json.dumps(found)) == found
    first = last = _Node()
    for _ in range(500):
        last.next = _Node()
        last = last.next
    before = snapshot.snapshot({"N": first}, private=True)
    assert json.loads(json.dumps(before)) == before
    assert [path for path, _, _ in snapshot.differences(before, before)] == [snapshot.NOT_COMPARED]


def test_an_official_back_end_plays_its_episode(tmp_path: Path) -> None:
    if not assets.present(assets.BFCL):
        pytest.skip("the BFCL wheel is not in the cache")
    folder = "bfcl_eval/eval_checker/multi_turn_eval/func_source_code"
    with zipfile.ZipFile(assets.wheel(assets.BFCL)) as wheel:
        for name in wheel.namelist():
            if name.startswith(folder) and name.endswith(("long_context.py", "__init__.py")):
                wheel.extract(name, tmp_path)
        (tmp_path / "files.py").write_bytes(wheel.read(f"{folder}/gorilla_file_system.py"))
        (tmp_path / "posts.py").write_bytes(wheel.read(f"{folder}/posting_api.py"))
        questions = wheel.read("bfcl_eval/data/BFCL_v4_multi_turn_base.json").splitlines()
    scenario = json.loads(questions[0])["initial_config"]
    files = import_python(tmp_path / "files.py")
    assert list(files.classes) == ["GorillaFileSystem"]
    assert {"cd", "mkdir", "mv", "grep", "sort", "diff"} <= set(files.classes["GorillaFileSystem"])
    calls = episode(
        ("cd", {"folder": "document"}), ("mkdir", {"dir_name": "temp"}),
        ("mv", {"source": "final_report.pdf", "destination": "temp"}), ("cd", {"folder": "temp"}),
        ("grep", {"file_name": "final_report.pdf", "pattern": "budget analysis"}), ("pwd", {}),
        state={"GorillaFileSystem": scenario["GorillaFileSystem"]},
    )  # fmt: skip
    with Executor(files, timeout=20) as execute:
        first, second = execute.play([calls, calls])
    assert [o.error for o in first.observations] == [""] * 6
    assert first.observations[5].value == {"current_working_directory": "/workspace/document/temp"}
    assert [path.partition(".contents")[0] for path in changed(first)] == ["GorillaFileSystem.root"] * 2
    assert first.changes == second.changes
    posts = import_python(tmp_path / "posts.py")
    with Executor(posts, timeout=20) as execute:
        (played,) = execute.play(
            [episode(("authenticate_twitter", {"username": "ada", "password": "pw"}),
                     ("post_tweet", {"content": "hello", "tags": ["#x"], "mentions": []}),
                     state={"TwitterAPI": {"username": "ada", "password": "pw", "authenticated": False,
                                           "tweets": {}, "comments": {}, "retweets": {}, "following_list": [],
                                           "tweet_counter": 1}})]
        )  # fmt: skip
    assert changed(played)["TwitterAPI.authenticated"] == (False, True)
    assert changed(played)["TwitterAPI.tweet_counter"] == (1, 2)


STOCKED = """
POLICY = "Ask before you sell."


class Shop:
    def __init__(self) -> None:
        self.stock = {"tea": 3}
        self._till = 0

    @staticmethod
    def _scenarios() -> list[dict]:
        return [{"stock": {"tea": n}} for n in range(3)]

    def sell(self, item: str) -> int:
        self.stock[item] -= 1
        return self.stock[item]


class Door:
    @classmethod
    def _scenarios(cls):
        yield {"is_open": True}
        yield {"is_open": False}

    is_open: bool = False

    def toggle(self) -> bool:
        self.is_open = not self.is_open
        return self.is_open
"""


def test_a_file_tells_its_policy_its_scenarios_and_what_is_there_at_first(tmp_path: Path) -> None:
    toolbox = toolbox_of(tmp_path, STOCKED)
    assert toolbox.policy == "Ask before you sell."
    assert toolbox.start == {"Shop": {"stock": {"tea": 3}}, "Door": {"is_open": False}}
    assert toolbox.states == tuple(
        {"Shop": {"stock": {"tea": n}}, "Door": {"is_open": n != 1}} for n in range(3)
    )
    with Executor(toolbox) as execute:
        played = execute.play([episode(("sell", {"item": "tea"}), state=state) for state in toolbox.states])
    assert [values(p) for p in played] == [[-1], [0], [1]]


def test_a_file_without_them_tells_nothing(toolbox: Toolbox) -> None:
    assert (toolbox.policy, toolbox.states) == ("", ())
    assert toolbox.start["Account"]["owner"] == "nobody"
    assert "_secret" not in toolbox.start["Account"]


@pytest.mark.parametrize(
    ("body", "got"),
    [
        ("return [3]", "TypeError: a scenario of Shop is a int, not an object"),
        ("return [{'x': {1}}]", "TypeError: Object of type set is not JSON serializable"),
        ("return [{'x': float('nan')}]", "ValueError: Out of range float values are not JSON compliant"),
        ("return 1 / 0", "ZeroDivisionError: division by zero"),
    ],
)
def test_scenarios_that_are_none_are_one_line(tmp_path: Path, body: str, got: str) -> None:
    method = f"    @staticmethod\n    def _scenarios():\n        {body}\n"
    source = f"class Shop:\n{method}    def go(self, n: int): pass\n"
    with pytest.raises(ToolsError) as caught:
        toolbox_of(tmp_path, source)
    assert str(caught.value).startswith(f"{tmp_path / 'tools.py'}: _scenarios gives no initial states: ")
    assert got in str(caught.value)
