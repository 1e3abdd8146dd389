"""Right and spoilt runs of BFCL's multi-turn rows, drawn with a seed: calls per turn and step, as text."""

import ast
import random
from collections.abc import Callable
from typing import Any

from callwright.evaluate.bfcl.backends import function_docs
from callwright.evaluate.bfcl.multi_turn.rows import Row

Run = list[list[list[str]]]
POOL: dict[str, tuple[Any, ...]] = {
    "string": ("", "a", "report.txt", "temp", "..", "/", "NVDA", "USR001", "2024-11-10", "driver", "x,y"),
    "integer": (0, 1, -1, 7, 12345, 3.5, "4"), "float": (0.0, 1.5, -2.25, 1e6, 3, "7"),
    "boolean": (True, False, 1, "no"), "array": ([], ["a"], [1, 2.5], ["driver", "passenger"], "ab"),
    "dict": ({}, {"a": 1}, {"priority": 2, "status": "Open"}),
}  # fmt: skip


def gold(row: Row) -> Run:
    """Return the reference as a run: one step a turn."""
    return [[list(calls)] if calls else [] for calls in row.reference]


def spoil(row: Row, rng: random.Random) -> Run:
    """Return the reference with one to three things changed."""
    run = gold(row)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        rng.choice(SPOILING)(run, row, rng)
    return run


def any_call(row: Row, rng: random.Random) -> str:
    """Return a call of any function of the row's back ends, with arguments of the run or out of a pool."""
    doc = rng.choice([doc for name in row.involved_classes for doc in function_docs(name)])
    seen = [ast.literal_eval(k.value) for t in row.reference for call in t for k in _node(call).keywords]
    arguments = {}
    for name, declared in doc["parameters"]["properties"].items():
        if name in doc["parameters"]["required"] or rng.random() < 0.4:
            known = [value for value in seen if type(value).__name__[:3] == declared["type"][:3]]
            pool = POOL.get(declared["type"], POOL["string"])
            arguments[name] = rng.choice(known if known and rng.random() < 0.6 else pool)
    return f"{doc['name']}({', '.join(f'{k}={v!r}' for k, v in arguments.items())})"


def _node(call: str) -> ast.Call:
    node = ast.parse(call, mode="eval").body
    assert isinstance(node, ast.Call)
    return node


def _place(run: Run, rng: random.Random) -> tuple[list[str], int]:
    """Return a step that has calls and an index in it; a step of a throw-away run if there is none."""
    steps = [step for turn in run for step in turn if step] or [["pwd()"]]
    step = rng.choice(steps)
    return step, rng.randrange(len(step))


def drop_call(run: Run, row: Row, rng: random.Random) -> None:
    step, i = _place(run, rng)
    del step[i]


def repeat_call(run: Run, row: Row, rng: random.Random) -> None:
    step, i = _place(run, rng)
    step.insert(i, step[i])


def swap_calls(run: Run, row: Row, rng: random.Random) -> None:
    step, i = _place(run, rng)
    j = rng.randrange(len(step))
    step[i], step[j] = step[j], step[i]


def reverse_turn(run: Run, row: Row, rng: random.Random) -> None:
    step, _ = _place(run, rng)
    step.reverse()


def change_argument(run: Run, row: Row, rng: random.Random) -> None:
    step, i = _place(run, rng)
    if step[i] in ODD:
        return
    node = _node(step[i])
    slots = [*range(len(node.args)), *node.keywords]
    if not slots:
        step[i] = any_call(row, rng)
        return
    value = ast.Constant(rng.choice([v for pool in POOL.values() for v in pool if not isinstance(v, dict)]))
    slot = rng.choice(slots)
    if isinstance(slot, int):
        node.args[slot] = value
    elif rng.random() < 0.3:
        node.keywords.remove(slot)
    else:
        slot.value = value
    step[i] = ast.unparse(node)


def extra_call(run: Run, row: Row, rng: random.Random) -> None:
    step, i = _place(run, rng)
    step.insert(i + rng.randint(0, 1), any_call(row, rng))


def late_call(run: Run, row: Row, rng: random.Random) -> None:
    """Move a call into another turn."""
    step, i = _place(run, rng)
    rng.choice(run).append([step.pop(i)])


def empty_turn(run: Run, row: Row, rng: random.Random) -> None:
    run[rng.randrange(len(run))].clear()


def calls_where_none_are_due(run: Run, row: Row, rng: random.Random) -> None:
    idle = [turn for turn, calls in zip(run, row.reference, strict=False) if not calls] or run
    rng.choice(idle).append([any_call(row, rng)])


def odd_call(run: Run, row: Row, rng: random.Random) -> None:
    step, i = _place(run, rng)
    step.insert(i, rng.choice(ODD))


def steps_apart(run: Run, row: Row, rng: random.Random) -> None:
    for turn in run:
        turn[:] = [[call] for step in turn for call in step]


def whole_turn_early(run: Run, row: Row, rng: random.Random) -> None:
    i = rng.randrange(len(run))
    run[i - 1], run[i] = run[i], run[i - 1]


def wrong_number_of_turns(run: Run, row: Row, rng: random.Random) -> None:
    if rng.random() < 0.5 and len(run) > 1:
        del run[-1]
    else:
        run.append([])


SPOILING: tuple[Callable[[Run, Row, random.Random], None], ...] = (
    drop_call, repeat_call, swap_calls, reverse_turn, change_argument, change_argument, extra_call,
    extra_call, late_call, empty_turn, calls_where_none_are_due, odd_call, steps_apart, whole_turn_early,
    wrong_number_of_turns,
)  # fmt: skip

ODD = (
    "no_such_function(x=1)", "ls(1, 2, 3, 4)", "cd(dir='x')", "kill(pid=1)", "remove(name='a')", "run()",
    "self.ls()", "GorillaFileSystem.ls()", "ls(a=undefined)", "ls(a=b.c)", "_load_scenario({})", "pwd(",
    "pwd) (", "", "5", "'text'", "x", "a.b", "post_tweet(content=ls())", "echo(content=pwd())",
    "add(a=add(a=1, b=2), b=3)", "add(a=1)", "add(a=None, b=())", "mean(numbers=[])", "mean(numbers='ab')",
    "divide(a=1, b=0)", "power(base=2, exponent=0.5)", "power(base=-8, exponent=0.5)",
    "square_root(number=2, precision=5)", "square_root(number=2, precision=-5)",
    "logarithm(value=10, base=2, precision=8)", "logarithm(value=0, base=2, precision=8)",
    "sort(file_name=[1])", "mkdir(dir_name={'a': 1})", "touch(file_name=-1)", "touch(file_name=(1+2j))",
    "grep(file_name=None, pattern=None)", "cp(source='temp', destination='temp')", "f(a=1, a=2)",
    "fillFuelTank(fuelAmount='x')", "cancel_order(order_id={'a': {'b': 1}})", "login(**{'a': 1})",
)  # fmt: skip
"""Calls that raise, that nobody knows, or that are no calls."""
