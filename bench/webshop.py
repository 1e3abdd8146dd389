"""Steps a second in WebShop's text environment, time to start, rewards and searches a second, in one run.

The 1,000-product set is played by a rule that searches for the instruction, looks at the first item and its
sub pages, clicks the options and buys, and the recorded episodes of the original are replayed step by step:
observations and rewards have to be the recorded ones. The limit it is held against was recorded earlier on
the same kind of machine, because the original needs Python 3.8, Java and a web server: 15 to 40 steps/s
(a search 42 to 52 ms, an item page 27 to 45, a purchase 13 to 20) and 4.3 to 6.4 s to start, on 2 cores
(princeton-nlp/WebShop@64fa2a5c, text mode, 1,000 products, pyserini 0.17, the tagger replaced).

    python bench/webshop.py FOLDER [repeats]
    # items_shuffle_1000.json and items_ins_v2_1000.json, golden_traces_*.json.gz if they are there
"""

from __future__ import annotations

import gzip
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from callwright.evaluate.webshop.gold import gold_actions, wanted_values
from callwright.evaluate.webshop.nouns import tagger_named
from callwright.evaluate.webshop.pages import Visit
from callwright.evaluate.webshop.reward import Wanted, reward
from callwright.evaluate.webshop.world import WebShop, open_world

ORIGINAL = (15, 40)
"""Recorded steps a second of the original."""
GOALS = 500
START = """
import sys
from pathlib import Path
from callwright.evaluate.webshop.world import open_world
open_world("1k-synthetic", Path(sys.argv[1]))
"""


def start_seconds(folder: Path) -> float:
    """Time a new process from its start until the first episode could begin."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", START, str(folder)], check=True)
    return time.perf_counter() - started


def courses(world: WebShop) -> Iterator[tuple[Visit, list[tuple[str, str]]]]:
    """Yield a new visit and what is done in it: the reference's way, with a look at every sub page."""
    for goal in world.tasks[:GOALS]:
        found, *chosen = list(gold_actions(world.shop, goal, "princeton"))
        looks = [
            ("click", each) for name in ("description", "features", "reviews") for each in (name, "< prev")
        ]
        item = next(i for i, (_, argument) in enumerate(chosen) if argument == goal.asin) + 1
        yield (
            Visit(world.shop, goal.instruction, goal.wanted),
            [found, *chosen[:item], *looks, *chosen[item:]],
        )


def steps_a_second(world: WebShop) -> float:
    """Play all courses; what they consist of is found before the clock starts."""
    prepared = list(courses(world))
    steps = sum(len(actions) for _, actions in prepared)
    started = time.perf_counter()
    for visit, actions in prepared:
        for name, argument in actions:
            visit.act(name, argument)
    taken = time.perf_counter() - started
    assert all(visit.bought for visit, _ in prepared)
    return steps / taken


def rewards_a_second(world: WebShop) -> float:
    """Judge the reference's purchases."""
    bought = []
    for goal in world.tasks[:GOALS]:
        number = world.shop.catalogue.number(goal.asin)
        assert number is not None
        product = world.shop.product(number)
        bought.append((product, goal.wanted, wanted_values(product, goal.wanted)))
    started = time.perf_counter()
    for product, wanted, values in bought:
        reward(product, wanted, values, world.shop.tagger)
    return len(bought) / (time.perf_counter() - started)


def searches_a_second(world: WebShop) -> float:
    """Search for the instructions: about twenty words each."""
    started = time.perf_counter()
    for goal in world.tasks[:GOALS]:
        world.shop.find(goal.instruction)
    return min(GOALS, len(world.tasks)) / (time.perf_counter() - started)


def replay(world: WebShop, path: Path) -> tuple[int, int, int, float]:
    """Return recorded steps, differing observations and rewards, and steps a second."""
    golden = json.loads(gzip.decompress(path.read_bytes()))
    steps = observations = rewards = 0
    taken = 0.0
    for number, episode in golden["episodes"]:
        goal = golden["goals"][str(number)]
        wanted = Wanted(
            goal["name"], goal["query"], goal["product_category"], tuple(goal["attributes"]),
            tuple(goal["goal_options"].items()), goal["price_upper"],
        )  # fmt: skip
        visit = Visit(world.shop, goal["instruction_text"], wanted)
        for action, observation, earned, done, _ in episode[1:]:
            started = time.perf_counter()
            step = visit.step(action)
            taken += time.perf_counter() - started
            steps += 1
            observations += step.observation != observation
            rewards += (step.reward, step.done) != (earned, done)
    return steps, observations, rewards, steps / taken


def rate(name: str, measure: Callable[[WebShop], float], worlds: list[WebShop]) -> float:
    """Print the median rate over the worlds."""
    median = statistics.median(measure(world) for world in worlds)
    print(f"{name:<10} {median:10,.0f} /s")
    return median


def main(folder: Path, repeats: int) -> None:
    starts = [start_seconds(folder) for _ in range(repeats)]
    # The golden traces were recorded with every word of a title as a noun.
    worlds = [open_world("1k-synthetic", folder, tagger="words") for _ in range(repeats)]
    assert worlds[0].shop.tagger == tagger_named("words")
    print(f"1,000 products, {GOALS} goals, median of {repeats}")
    print(f"{'start':<10} {statistics.median(starts):10.2f} s  (the original 4.3 to 6.4 s)")
    rate("searches", searches_a_second, worlds)
    rate("rewards", rewards_a_second, worlds)
    steps = rate("steps", steps_a_second, worlds)
    print(f"{'':<10} {steps / ORIGINAL[1]:10,.0f} x the original's {ORIGINAL[1]} steps/s")
    for path in sorted(folder.glob("golden_traces_*.json.gz")):
        count, observations, rewards, rate_of = replay(worlds[0], path)
        print(f"recorded   {count} steps: {observations} other observations, {rewards} other rewards", end="")
        print(f" ({rate_of:,.0f} steps/s)")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 5)
