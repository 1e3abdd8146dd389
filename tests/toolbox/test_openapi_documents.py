"""Files of specifications, in YAML and JSON: read strictly, referring to each other, and made to hurt."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright.errors import ToolsError
from callwright.record import Json
from callwright.toolbox.openapi import import_openapi
from callwright.toolbox.openapi.document import read_document
from callwright.toolbox.openapi.references import Documents, Undescribable
from callwright.toolbox.openapi.yaml_tree import Broken, from_yaml

BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGES = "base: &b {one: 1, two: 2}\nit:\n  <<: *b\n  two: 3\nlist:\n  <<: [*b, {four: 4}]\n"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: no\nb: yes\nc: on\nd: off\ne: y", {"a": "no", "b": "yes", "c": "on", "d": "off", "e": "y"}),
        ("a: true\nb: False\nc: null\nd: ~\ne:", {"a": True, "b": False, "c": None, "d": None, "e": None}),
        ("[2026-05-04, 2026-05-04T10:00:00Z, 12:30]", ["2026-05-04", "2026-05-04T10:00:00Z", "12:30"]),
        ("200: a\nno: b\nnull: c\n1.5: d\n2026-05-04: e",
         {"200": "a", "no": "b", "null": "c", "1.5": "d", "2026-05-04": "e"}),
        ("[1, -2, +3, 0x1F, 0o17, 017, 1_000]", [1, -2, 3, 31, 15, 17, "1_000"]),
        ("[1.0, 1e3, .5, -2.5E-3, 1.]", [1.0, 1000.0, 0.5, -0.0025, 1.0]),
        ("['1', \"true\", !!str 5, ! 7, !!int '8', !!float 1]", ["1", "true", "5", "7", 8, 1]),
        ("a: |\n  text\n  more\n", {"a": "text\nmore\n"}),
        ("x: &here [1]\ny: *here", {"x": [1], "y": [1]}),
        (MERGES, {"base": {"one": 1, "two": 2}, "it": {"two": 3, "one": 1},
                  "list": {"one": 1, "two": 2, "four": 4}}),
        ("'<<': 5", {"<<": 5}),
        ("%YAML 1.2\n---\na: 1\n...\n", {"a": 1}),
        ("# nothing", None),
    ],
)  # fmt: skip
def test_yaml_is_read_as_version_1_2(text: str, value: Json) -> None:
    found = from_yaml(text)
    assert json.dumps(found) == json.dumps(value)


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("a: 1\nb:\n  c: 1\n  c: 2\n", "the key 'c' stands twice in one object", 4),
        ("a: [1\n", "not valid YAML", 2),
        ("a: *b\n", "the alias *b stands for nothing", 1),
        ("a: &a\n  b: *a\n", "the alias *a stands for something that contains it", 2),
        (
            "a: !!python/object/apply:os.system ['true']",
            "the tag tag:yaml.org,2002:python/object/apply:os.system",
            1,
        ),
        ("a: !!binary aGk=", "the tag tag:yaml.org,2002:binary is not read", 1),
        ("a: !!set {x}", "the tag tag:yaml.org,2002:set is not read", 1),
        ("a: !custom 5", "the tag !custom is not read", 1),
        ("a: 1\n---\nb: 2\n", "more than one document", 2),
        ("? [a]\n: 1\n", "a key that is no text", 1),
        ("? {a: b}\n: 1\n", "a key that is no text", 1),
        ("x: &x a\n*x : 1\n", "an alias in place of a key", 2),
        ("<<: 5\n", "<< merges mappings only", 1),
        ("a: .inf\n", ".inf is no number of JSON", 1),
        ("a: .nan\n", ".nan is no number of JSON", 1),
        ("a: 1e999\n", "1e999 is beyond the numbers of JSON", 1),
        (f"a: {'9' * 5000}\n", "a number of 5,000 digits", 1),
        ("a: " + "[" * 200 + "]" * 200, "nested more than 100 levels deep", 1),
        ("a: \x07\n", "not valid YAML", 0),
        (BOMB, "aliases and values come to more than", 7),
    ],
)
def test_yaml_that_is_refused_is_refused_with_its_line(text: str, message: str, line: int) -> None:
    with pytest.raises(Broken) as caught:
        from_yaml(text)
    assert str(caught.value).startswith(message)
    assert caught.value.line == line


def test_aliases_that_nest_deeper_and_deeper_are_refused() -> None:
    text = "a0: &a0 [[[[[x]]]]]\n" + "".join(f"a{i + 1}: &a{i + 1} [[[*a{i}]]]\n" for i in range(60))
    with pytest.raises(Broken, match="nested more than 100 levels deep"):
        from_yaml(text)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=10),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.text("ab <:0~é-", max_size=6), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@given(VALUES)
def test_json_is_yaml(value: Json) -> None:
    assert from_yaml(json.dumps(value, ensure_ascii=False)) == value


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"a": 1, "a": 2}', "x.json: the key 'a' stands twice in one object"),
        (b'{"a": 1,\n "b": }', "x.json:2: not valid JSON"),
        (b'{"a": NaN}', "x.json: NaN is no number of JSON"),
        (b'{"a": -1e999}', "x.json: -1e999 is beyond the numbers of JSON"),
        (b'{"a": ' + b"9" * 5000 + b"}", "x.json: a number of 5,000 digits"),
        (b"[" * 100_000, "x.json: nested more than 100 levels deep"),
        (b"[" * 150 + b"]" * 150, "x.json: nested more than 100 levels deep"),
        (b'{"a": "\\ud800"}', "x.json: a lone surrogate, which is no text"),
        (b'{"\\udfff": 1}', "x.json: a lone surrogate, which is no text"),
        (b"\xff\xfe{}", "x.json: not text: expected UTF-8"),
    ],
)
def test_json_that_is_refused(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(data)
    with pytest.raises(ToolsError) as caught:
        read_document(path)
    assert str(caught.value).startswith(str(tmp_path / message))


def test_the_content_decides_where_the_name_does_not(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    for text in ('{"a": [1, "\\u00e9\\/"]}', "{a: [1, é/]}", '\ufeff{"a":\t[1, "é/"]}', "a: [1, é/]\r\n"):
        path.write_bytes(text.encode())
        assert read_document(path)[0] == {"a": [1, "é/"]}


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    for name, message in {
        "pipe.yaml": "not a plain file",
        "none.yaml": "no such file",
        ".": "a directory",
    }.items():
        with pytest.raises(ToolsError, match=message):
            import_openapi(tmp_path / name)


def documents(folder: Path, **files: Json) -> Documents:
    for name, value in files.items():
        path = folder / name.replace("__", "/").replace("_json", ".json")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(value), encoding="utf-8")
    return Documents(folder / "api.json")


def test_references_reach_every_place_of_every_file_below(tmp_path: Path) -> None:
    found = documents(
        tmp_path,
        api_json={"a/b": {"~x": [1, {"y": "here"}]}, "%": 7, "on": {"$ref": "sub/one.json#/next"}},
        sub__one_json={"next": {"$ref": "../sub/two.json"}, "back": {"$ref": "../api.json#/%25"}},
        sub__two_json="end",
    )
    start = found.start
    assert found.find("#/a~1b/~0x/1/y", start).value == "here"
    assert found.find("#", start).value == found.root
    assert found.resolve({"$ref": "#/on"}, start).value == "end"
    assert found.resolve({"$ref": "sub/one.json#/back"}, start).value == 7
    assert found.resolve({"plain": 1}, start).value == {"plain": 1}


@pytest.mark.parametrize(
    ("ref", "reason"),
    [
        ("#/missing", "leads nowhere"),
        ("#/list/9", "leads nowhere"),
        ("#/list/-1", "leads nowhere"),
        ("#/list/x", "leads nowhere"),
        ("#anchor", "is no JSON pointer"),
        ("#/loop", "leads to no end"),
        ("http://127.0.0.1:1/x.json", "lies on the network"),
        ("HTTPS://example.com#/x", "lies on the network"),
        ("file:///etc/passwd", "lies on the network"),
        ("//example.com/x", "lies on the network"),
        ("/etc/hostname", "lies outside the specification's folder"),
        ("../outside.json", "lies outside the specification's folder"),
        ("sub/%2e%2e/../../outside.json", "lies outside the specification's folder"),
        ("link.json", "lies outside the specification's folder"),
        ("missing.json#/x", "no such file"),
        ("broken.json", "not valid JSON"),
        ("\0", "names no file"),
        (".", "a directory"),
    ],
)
def test_references_that_lead_out_or_nowhere(tmp_path: Path, ref: str, reason: str) -> None:
    folder = tmp_path / "spec"
    folder.mkdir()
    (tmp_path / "outside.json").write_text('{"secret": 1}', encoding="utf-8")
    (folder / "link.json").symlink_to(tmp_path / "outside.json")
    (folder / "broken.json").write_text("{", encoding="utf-8")
    found = documents(folder, api_json={"list": [1], "loop": {"$ref": "#/pool"}, "pool": {"$ref": "#/loop"}})
    with pytest.raises(Undescribable, match=reason):
        found.resolve({"$ref": ref}, found.start)


def test_the_hash_covers_the_files_beside(tmp_path: Path) -> None:
    def sha256() -> str:
        found = documents(tmp_path, api_json={"a": {"$ref": "b.json"}})
        found.resolve({"$ref": "#/a"}, found.start)
        return found.sha256

    (tmp_path / "b.json").write_text("1", encoding="utf-8")
    before = sha256()
    assert before == sha256()
    (tmp_path / "b.json").write_text("2", encoding="utf-8")
    assert sha256() != before
