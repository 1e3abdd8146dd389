"""Near-duplicates among 50,000 texts: ours beside datasketch, on the same texts and shingles, in one run.

The texts are made here from a seed: 4 to 330 words, up to 2,000 characters, lengths as in tool-use requests
(half below 160 characters). A fifth of them are edits of an earlier one, by more or by fewer words. What a
duplicate is, is known exactly: a text whose overlap (Jaccard of three-word shingles) with an earlier text
that was kept is 0.8 or more. Each side starts from the text, and its time is CPU time of its own process.

datasketch takes for a duplicate what its index finds; ours confirms it. The peer runs twice: as its
documentation shows, and at its best, which is many rows at a time and the hash function that ours uses.

    pip install datasketch            # the peer, with scipy; without it only ours is measured
    python bench/near_duplicates.py [repeats]
"""

import importlib.util
import json
import random
import statistics
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from _apart import apart

ROWS = 50_000
LONGEST = 2_000
THRESHOLD = 0.8
PERMUTATIONS, BATCH = 128, 1_000
"""Of datasketch: its default number, and its fastest way in, several rows at a time."""


def make_texts(seed: int = 7) -> list[str]:
    """Return texts of invented words, in an order in which copies follow their originals at any distance."""
    rng = random.Random(seed)
    syllables = [a + b for a in "bdfgklmnprstv" for b in "aeiou"]
    vocabulary = ["".join(rng.choices(syllables, k=rng.randint(1, 4))) for _ in range(20_000)]
    texts: list[str] = []
    while len(texts) < ROWS:
        if texts and rng.random() < 0.2:
            said = rng.choice(texts).split()
            for _ in range(rng.randint(1, max(1, len(said) // 12))):
                said[rng.randrange(len(said))] = rng.choice(vocabulary)
        else:
            said = rng.choices(vocabulary, k=max(4, min(330, int(rng.lognormvariate(3.2, 0.7)))))
        texts.append(" ".join(said)[:LONGEST])
    return texts


def exact(texts: list[str]) -> set[int]:
    """Return which texts are duplicates, by counting the shingles that each shares with every kept one."""
    kept: dict[tuple[str, ...], list[int]] = {}
    sizes: dict[int, int] = {}
    duplicates = set()
    for number, text in enumerate(texts):
        said = text.split()
        shingles = set(zip(said, said[1:], said[2:], strict=False))
        shared: dict[int, int] = {}
        for shingle in shingles:
            for other in kept.get(shingle, ()):
                shared[other] = shared.get(other, 0) + 1
        if any(n / (len(shingles) + sizes[other] - n) >= THRESHOLD for other, n in shared.items()):
            duplicates.add(number)
            continue
        sizes[number] = len(shingles)
        for shingle in shingles:
            kept.setdefault(shingle, []).append(number)
    return duplicates


def find_ours(texts: list[str]) -> list[int]:
    from callwright.blend.near import Near

    index, found = Near(THRESHOLD), []
    for number, text in enumerate(texts):
        look = index.look(0, [text])  # one block for all: every text must be held against every other
        if look.same:
            found.append(number)
        else:
            index.add(look)
    return found


def find_theirs(texts: list[str], *, best: bool) -> list[int]:
    from datasketch import MinHash, MinHashLSH  # type: ignore[import-not-found]
    from xxhash import xxh32_intdigest

    index, found = MinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS), []
    for start in range(0, len(texts), BATCH):
        said = [text.encode().split() for text in texts[start : start + BATCH]]
        shingles = [[b" ".join(s) for s in set(zip(w, w[1:], w[2:], strict=False))] for w in said]
        if best:
            sketches = MinHash.bulk(shingles, num_perm=PERMUTATIONS, hashfunc=xxh32_intdigest)
        else:
            sketches = [MinHash(num_perm=PERMUTATIONS) for _ in shingles]
            for sketch, pieces in zip(sketches, shingles, strict=True):
                sketch.update_batch(pieces)
        for number, sketch in enumerate(sketches, start):
            if index.query(sketch):
                found.append(number)
            else:
                index.insert(number, sketch)
    return found


SIDES = {
    "ours": find_ours,
    "datasketch": partial(find_theirs, best=False),
    "its best": partial(find_theirs, best=True),
}


def measure(side: str, texts: Path) -> tuple[float, set[int]]:
    seconds, found = apart(__file__, side, str(texts))
    return seconds, set(found)


def main(repeats: int) -> None:
    texts = make_texts()
    truth = exact(texts)
    sides = list(SIDES) if importlib.util.find_spec("datasketch") else ["ours"]
    seconds: dict[str, list[float]] = {side: [] for side in sides}
    found: dict[str, set[int]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        file = Path(temporary) / "texts.json"
        file.write_text(json.dumps(texts), encoding="utf-8")
        for _ in range(repeats):  # alternating, so that a noisy machine disturbs both alike
            for side in sides:
                spent, found[side] = measure(side, file)
                seconds[side].append(spent)
    characters = sum(map(len, texts)) / len(texts)
    print(
        f"{ROWS:,} texts of {characters:.0f} characters, {len(truth):,} duplicates; median of {repeats} runs"
    )
    rate = {side: len(texts) / statistics.median(spent) for side, spent in seconds.items()}
    for side in sides:
        missed, wrong = len(truth - found[side]), len(found[side] - truth)
        ratio = f"   ratio {rate['ours'] / rate[side]:5.2f} ×" if side != "ours" else ""
        print(
            f"{side:<11} {rate[side]:8,.0f} rows/CPU-s   missed {missed:4,}   wrongly found {wrong:4,}{ratio}"
        )
    if len(sides) == 1:
        print("datasketch is not installed (pip install datasketch): nothing to set beside ours")


if __name__ == "__main__":
    match sys.argv[1:]:
        case [side, file]:
            given = json.loads(Path(file).read_text(encoding="utf-8"))
            started = time.process_time()
            duplicates = SIDES[side](given)
            print(json.dumps([time.process_time() - started, duplicates]))
        case [*rest]:
            main(int(rest[0]) if rest else 3)
