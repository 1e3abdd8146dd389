"""A prepared catalogue is the one in memory, whole or not there; huge JSON files are read in pieces."""

import fcntl
import gzip
import json
import os
import signal
import subprocess
import sys
import time
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright.errors import DataError, RunError, UserError
from callwright.evaluate.sessions import recite
from callwright.evaluate.webshop import listing
from callwright.evaluate.webshop.blocks import Blocks
from callwright.evaluate.webshop.listing import items, members
from callwright.evaluate.webshop.nouns import tagger_named
from callwright.evaluate.webshop.prepare import official_files, prepare
from callwright.evaluate.webshop.prepared import DATABASE, MANIFEST, WEIGHTS, PreparedCatalogue
from callwright.evaluate.webshop.ranking import build
from callwright.evaluate.webshop.shop import MemoryCatalogue, Shop
from callwright.evaluate.webshop.variants import open_variant
from callwright.evaluate.webshop.world import open_world

RAW: list[dict[str, Any]] = [
    {
        "asin": f"B{number:09}", "name": f"Tea cup {number}", "category": "garden", "query": "cups",
        "product_category": "Home › Cups", "full_description": "blue " * number, "pricing": "$1$3",
        "small_description": ["round"], "customization_options": {"size": [{"value": str(number)}]},
    }
    for number in range(20)
]  # fmt: skip
TOLD = {
    RAW[0]["asin"]: {"attributes": ["hand made"]},
    RAW[1]["asin"]: {"attributes": []},
    "B999999999": {"attributes": ["of nothing"]},
}
HUMAN = {RAW[0]["asin"]: [{"instruction": "a cup.", "instruction_attributes": ["hand made"]}]}


Sources = tuple[Path, Path, Path]


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    paths = (
        tmp_path / "items_shuffle.json",
        tmp_path / "items_ins_v2.json",
        tmp_path / "items_human_ins.json",
    )
    for path, content in zip(paths, (RAW, TOLD, HUMAN), strict=True):
        path.write_text(json.dumps(content), encoding="utf-8")
    return paths


@pytest.fixture(scope="module")
def thousand(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PreparedCatalogue]:
    """The 1,000-product files, prepared as if they were the full download."""
    folder = shared_data / "webshop"
    out = tmp_path_factory.mktemp("webshop") / "catalogue"
    told, human = folder / "items_ins_v2_1000.json", folder / "items_human_ins_in1000.json"
    prepare(folder / "items_shuffle_1000.json", told, human, out)
    with PreparedCatalogue(out) as catalogue:
        yield catalogue


# --- reading in pieces


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(JSON, max_size=6), st.integers(1, 9), st.booleans())
def test_a_list_in_pieces_is_the_list(
    tmp_path_factory: pytest.TempPathFactory, values: list[Any], piece: int, escaped: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / "list.json"
    text = json.dumps(values, ensure_ascii=escaped, indent=piece % 3 or None)
    path.write_bytes(text.encode("utf-8", "surrogatepass" if escaped else "replace"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(listing, "PIECE", piece)
        assert list(items(path)) == json.loads(path.read_bytes())


@given(st.dictionaries(st.text(st.characters(codec="utf-8")), JSON, max_size=6), st.integers(1, 9))
def test_an_object_in_pieces_is_the_object(
    tmp_path_factory: pytest.TempPathFactory, values: dict[str, Any], piece: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "object.json"
    path.write_text(json.dumps(values), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(listing, "PIECE", piece)
        assert dict(members(path)) == values


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[1",
        "[1,",
        "[1 2]",
        "[1,]",
        "[tru]",
        "[1x" + "y" * 99 + "]",
        "[1x]",
        '["a',
        "[" * 100_000,
        '[{"a": 1]',
        "\xff[",
        "null",
    ],
)
def test_what_is_no_list_is_a_mistake_with_its_place(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(DataError, match=r"x\.json"):
        list(items(path))


def test_compressed_files_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    path = tmp_path / "x.json.gz"
    path.write_bytes(gzip.compress(b"\xef\xbb\xbf [NaN, 1e3]\n"))
    assert [str(value) for value in items(path)] == ["nan", "1000.0"]
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(DataError, match=r"x\.json\.gz"):
        list(items(path))
    with pytest.raises(DataError, match="can not be read"):
        list(items(tmp_path / "none.json"))


# --- blocks


@given(st.lists(st.lists(st.sampled_from("abcdé"), max_size=8), min_size=1, max_size=20), st.integers(1, 30))
def test_merged_blocks_are_the_index_in_memory(
    tmp_path_factory: pytest.TempPathFactory, documents: list[list[str]], limit: int
) -> None:
    folder = tmp_path_factory.mktemp("blocks")
    blocks = Blocks(folder, limit)
    for number, document in enumerate(documents):
        blocks.add(number, document)
    lengths = array("I", map(len, documents))
    merged = dict(blocks.merged(lengths, sum(lengths) / len(lengths)))
    index = build(documents)
    assert list(merged) == sorted({term for document in documents for term in document}, key=str.encode)
    for term, posting in merged.items():
        assert tuple(posting) == index.posting(term)
    assert list(folder.iterdir()) == []


# --- the catalogue


def test_the_prepared_catalogue_ranks_as_lucene_did(thousand: PreparedCatalogue, shared_data: Path) -> None:
    shop = Shop(thousand, tagger_named())
    path = next((shared_data / "webshop").glob("golden_lucene_rankings_*.json.gz"))
    for record in json.loads(gzip.decompress(path.read_bytes())):
        found = [thousand.names[number] for number in shop.find(record["query"])]
        assert found == [asin for asin, _ in record["top"]]


def test_the_prepared_catalogue_is_the_one_in_memory(thousand: PreparedCatalogue, shared_data: Path) -> None:
    memory = open_variant("1k-human13", shared_data / "webshop")
    assert list(thousand.names) == list(memory.catalogue.names)
    assert [thousand.product(n) for n in range(1000)] == [memory.catalogue.product(n) for n in range(1000)]
    assert tuple(thousand.goals()) == memory.goals
    assert thousand.number("B09QPX97VW") == memory.catalogue.number("B09QPX97VW")
    assert thousand.number("none") is None
    assert thousand.posting("nosuchterm") is None
    assert thousand.posting("\ud800") is None
    for query in ("<c> garden", "<q> console tables", "<a> easy clean", "<c> \ud800", "<r>"):
        assert Shop(thousand, tagger_named()).find(query) == Shop(memory.catalogue, tagger_named()).find(
            query
        )
    assert thousand.names[-1:] == [memory.catalogue.names[-1]]
    with pytest.raises(IndexError):
        thousand.names[1000]


def test_episodes_on_a_prepared_catalogue_are_named_by_its_size(sources: Sources, tmp_path: Path) -> None:
    told: list[int] = []
    out = tmp_path / "catalogue"
    manifest = prepare(*sources, out, progress=told.append)
    assert (manifest.documents, told) == (20, [20])
    world = open_world("human", out, interface="text")
    assert world.conditions["variant"] == "webshop-20-human/princeton"
    assert [recite(world.reset(goal), world.gold(goal)).correct for goal in world.tasks] == [True]
    row = {
        "goal": "find a cup", "difficulty": "easy",
        "additional_info": {
            "product_id": RAW[0]["asin"], "category": "garden", "query": "cups",
            "product_name": RAW[0]["name"], "product_category": "Home › Cups",
            "attributes": ["hand made"], "price_upper": 40.0, "weight": 1,
            "product_options": {"size": "0"},
        },
    }  # fmt: skip
    (out / "agentboard.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    board = open_world("agentboard", out, mode="agentboard")
    assert board.conditions["variant"] == "webshop-20-agentboard1/agentboard"
    result = recite(board.reset(board.tasks[0]), board.gold(board.tasks[0]))
    assert (result.correct, result.style) == (True, "easy")
    (out / "agentboard.jsonl").write_text("{}\n", encoding="utf-8")
    with pytest.raises(DataError, match="line 1: not a goal"):
        open_world("agentboard", out)
    for each in (world, board):
        assert isinstance(each.shop.catalogue, PreparedCatalogue)
        each.shop.catalogue.close()


def test_rows_that_the_original_leaves_out_are_left_out(sources: Sources, tmp_path: Path) -> None:
    strange = [{**RAW[0], "asin": asin} for asin in ("nan", "B0000000001", None)] + [3, *RAW, RAW[3]]
    sources[0].write_text(json.dumps(strange), encoding="utf-8")
    prepare(*sources, tmp_path / "out")
    with PreparedCatalogue(tmp_path / "out") as catalogue:
        assert list(catalogue.names) == [row["asin"] for row in RAW]
        assert catalogue.product(0).attributes == ("hand made",)
        assert catalogue.product(1).attributes == ()
        assert catalogue.product(2).attributes == ("DUMMY_ATTR",)
        with pytest.raises(DataError, match="no such product"):
            catalogue.product(20)
        prices = {catalogue.product(number).price for number in range(20)}
    assert len(prices) == 20


# --- whole or not there


def test_what_exists_is_not_written_over(sources: Sources, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(RunError, match="something already"):
        prepare(*sources, out)


def test_a_broken_source_leaves_no_catalogue(sources: Sources, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    whole = sources[0].read_text(encoding="utf-8")
    for text, match in (
        (whole[:-5], "a whole value"),
        ('[{"asin": "B1"}]', "product B1"),
        ("[]", "no product"),
    ):
        sources[0].write_text(text, encoding="utf-8")
        with pytest.raises(DataError, match=match):
            prepare(*sources, out)
        assert list(out.parent.iterdir()) == []
        with pytest.raises(DataError, match="no prepared catalogue"):
            PreparedCatalogue(out)
    sources[0].write_text(whole, encoding="utf-8")
    sources[1].unlink()
    with pytest.raises(DataError, match=r"items_ins_v2\.json"):
        official_files(tmp_path)
    with pytest.raises(DataError, match=r"items_ins_v2\.json"):
        prepare(*sources, out)
    assert not out.exists()


def test_downloads_are_found_plain_or_packed(sources: Sources, tmp_path: Path) -> None:
    assert official_files(tmp_path) == sources
    packed = sources[1].with_name(sources[1].name + ".gz")
    packed.write_bytes(gzip.compress(sources[1].read_bytes()))
    sources[1].unlink()
    assert official_files(tmp_path) == (sources[0], packed, sources[2])
    assert prepare(*official_files(tmp_path), tmp_path / "out").documents == 20


def test_a_place_that_can_not_be_written_is_a_mistake(sources: Sources) -> None:
    with pytest.raises(UserError, match="items_human_ins"):
        prepare(*sources, sources[2] / "out")


def test_two_processes_do_not_make_the_same_catalogue(sources: Sources, tmp_path: Path) -> None:
    with (tmp_path / "out.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(RunError, match="another process"):
            prepare(*sources, tmp_path / "out")
    prepare(*sources, tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith("out")) == ["out"]


def test_a_killed_run_leaves_nothing_that_opens_and_the_next_one_succeeds(
    sources: Sources, tmp_path: Path
) -> None:
    many = [{**RAW[0], "asin": f"B{number:09}"} for number in range(30_000)]
    sources[0].write_text(json.dumps(many), encoding="utf-8")
    code = "import sys; from pathlib import Path; from callwright.evaluate.webshop.prepare import prepare; "
    code += "prepare(*map(Path, sys.argv[1:]))"
    out = tmp_path / "out"
    process = subprocess.Popen([sys.executable, "-c", code, *map(str, (*sources, out))])
    part = tmp_path / "out.part"
    deadline = time.monotonic() + 60
    while not (part / DATABASE).exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert part.exists()
    assert not out.exists()
    sources[0].write_text(json.dumps(RAW), encoding="utf-8")
    prepare(*sources, out)
    assert not part.exists()
    with PreparedCatalogue(out) as catalogue:
        assert catalogue.documents == 20


def truncate(folder: Path) -> None:
    path = folder / WEIGHTS
    path.write_bytes(path.read_bytes()[:-1])


def age(folder: Path) -> None:
    path = folder / MANIFEST
    path.write_text(path.read_text("utf-8").replace('"version": 1', '"version": 0'), encoding="utf-8")


@pytest.mark.parametrize(
    ("damage", "match"),
    [
        (truncate, "not whole"),
        (age, "another version"),
        (lambda folder: (folder / MANIFEST).write_text("{}", encoding="utf-8"), "not a prepared catalogue"),
        (lambda folder: (folder / MANIFEST).unlink(), "no prepared catalogue"),
    ],
)
def test_a_damaged_catalogue_is_not_opened(
    sources: Sources, tmp_path: Path, damage: Callable[[Path], object], match: str
) -> None:
    out = tmp_path / "out"
    prepare(*sources, out)
    damage(out)
    with pytest.raises(DataError, match=match):
        PreparedCatalogue(out)


def test_memory_and_disk_agree_on_invented_products(sources: Sources, tmp_path: Path) -> None:
    prepare(*sources, tmp_path / "out")
    with PreparedCatalogue(tmp_path / "out") as disk:
        memory = MemoryCatalogue([disk.product(number) for number in range(20)])
        for query in ("blue", "tea cup 7", "size", "round 3 blue blue", ""):
            assert Shop(disk, tagger_named()).find(query) == Shop(memory, tagger_named()).find(query)
