"""Made-up file systems as `GorillaFileSystem` loads them: folders in folders, text to search and sort."""

from __future__ import annotations

from callwright.record import Json
from callwright.synthesize import pools
from callwright.worlds.draw import Draw, slug

_STEMS = pools.TOPICS + pools.EVENTS + pools.SUBJECTS + pools.PRODUCTS


def file_system(draw: Draw) -> dict[str, Json]:
    """Return a root with a few folders, of which one is empty, and files, of which two are nearly equal."""
    folders = _folder_names(draw, draw.rng.randint(3, 5))
    contents: dict[str, Json] = {name: _folder(_within(draw, deeper=True)) for name in folders[1:]}
    contents |= {folders[0]: _folder({})} | _files(draw, 2, 4)
    first = next(name for name, item in contents.items() if item["type"] == "file")
    stem, _, ending = first.rpartition(".")
    contents[f"{stem}_v2.{ending}"] = _file(_edited(contents[first]["content"], draw))
    return {
        "root": {f"{draw.one(pools.WORDS)}_{draw.one(pools.ANIMALS).replace(' ', '_')}": _folder(contents)}
    }


def _within(draw: Draw, *, deeper: bool) -> dict[str, Json]:
    found = _files(draw, 1, 3)
    if deeper and draw.chance(0.5):
        found |= {
            name: _folder(_within(draw, deeper=False)) for name in _folder_names(draw, draw.rng.randint(1, 2))
        }
    return found


def _folder_names(draw: Draw, n: int) -> list[str]:
    words = draw.some(pools.WORDS, n, n)
    return [f"{draw.one(pools.FOLDERS).lower()}_{word}" for word in words]


def _files(draw: Draw, low: int, high: int) -> dict[str, Json]:
    endings = {"txt": _letter, "md": _list, "csv": _table, "log": _log}
    found: dict[str, Json] = {}
    for stem in draw.some(_STEMS, low, high):
        ending = draw.rng.choice(tuple(endings))
        found[f"{slug(stem)}.{ending}"] = _file(endings[ending](draw))
    return found


def _letter(draw: Draw) -> str:
    return "\n".join(draw.sentence() for _ in range(draw.rng.randint(1, 6)))


def _list(draw: Draw) -> str:
    return "\n".join(f"- {task}" for task in draw.some(pools.TASKS, 3, 7))


def _table(draw: Draw) -> str:
    rows = (f"{product},{draw.rng.randint(1, 40)}" for product in draw.some(pools.PRODUCTS, 3, 8))
    return "\n".join(["article,quantity", *rows])


def _log(draw: Draw) -> str:
    day = draw.date(2026)
    times = sorted(draw.clock() for _ in range(draw.rng.randint(3, 6)))
    return "\n".join(f"{day} {time} {draw.sentence()}" for time in times)


def _edited(text: str, draw: Draw) -> str:
    lines = text.split("\n")
    lines[draw.rng.randrange(len(lines))] = draw.sentence()
    return "\n".join(lines)


def _folder(contents: dict[str, Json]) -> Json:
    return {"type": "directory", "contents": contents}


def _file(content: str) -> Json:
    return {"type": "file", "content": content}
