"""Declarations of tools: the same in every notation, and one clear error for every file without any."""

import hashlib
import json
import random
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callwright.errors import ToolsError
from callwright.record import Json, Tool
from callwright.schema import check
from callwright.synthesize.propose import open_workshop, propose
from callwright.toolbox.declared import Declared, import_declared
from callwright.worlds.files import world_of

SCHEMA: dict[str, Json] = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "description": "Where."},
        "days": {"type": "integer", "description": "How many.", "default": 3},
    },
    "required": ["city"],
}
NAME, DESCRIPTION = "get_weather", "Say what the weather will be."
TOOL = Tool(name=NAME, description=DESCRIPTION, parameters=SCHEMA)


def openai(name: str = NAME, description: str = DESCRIPTION, schema: Json = SCHEMA) -> dict[str, Json]:
    return {"name": name, "description": description, "parameters": schema}


def chat(**about: Json) -> dict[str, Json]:
    return {"type": "function", "function": openai(**about)}


def anthropic(key: str = "input_schema", **about: Json) -> dict[str, Json]:
    body = openai(**about)
    return {key: body.pop("parameters"), **body}


def written(folder: Path, value: Json, file: str = "tools.json") -> Declared:
    path = folder / file
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return import_declared(path)


NOTATIONS: dict[str, Any] = {
    "chat": [chat()],
    "chat, one alone": chat(),
    "responses": [{"type": "function", "strict": True, **openai()}],
    "legacy body": {"model": "m", "messages": [], "functions": [openai()]},
    "body": {"model": "m", "messages": [{"role": "user", "content": "hi"}], "tools": [chat()]},
    "body with text": {"tools": json.dumps([chat()])},
    "anthropic": [anthropic()],
    "anthropic, custom": [{"type": "custom", **anthropic()}],
    "mcp": {"tools": [anthropic("inputSchema")], "nextCursor": "3"},
    "mcp over the wire": {"jsonrpc": "2.0", "id": 1, "result": {"tools": [anthropic("inputSchema")]}},
    "parameters as text": [{**openai(), "parameters": json.dumps(SCHEMA)}],
    "an equal one twice": [chat(), openai()],
}


@pytest.mark.parametrize("value", NOTATIONS.values(), ids=NOTATIONS)
def test_a_tool_is_the_same_in_every_notation(value: Json, tmp_path: Path) -> None:
    assert written(tmp_path, value).tools == (TOOL,)


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(chat()) + "\n" + json.dumps(openai()) + "\n",
        "<tools>\n" + json.dumps(chat()) + "\n</tools>\n",
        "<tools> [" + json.dumps(chat()) + "] </tools>",
        "\ufeff" + json.dumps([chat()], indent=2),
    ],
)
def test_lines_and_tags_are_read(text: str, tmp_path: Path) -> None:
    assert written(tmp_path, text, "tools.jsonl").tools == (TOOL,)
    assert written(tmp_path, text, "tools.txt").tools == (TOOL,)


@pytest.mark.parametrize("value", [[chat()], {"tools": [anthropic()]}])
def test_yaml_says_what_json_says(value: Json, tmp_path: Path) -> None:
    assert written(tmp_path, yaml.safe_dump(value, sort_keys=False), "tools.yaml").tools == (TOOL,)


def test_flat_parameters_are_wrapped_and_noted(tmp_path: Path) -> None:
    flat = {
        "city": {"type": "str", "description": "Where."},
        "days": {"type": "int, optional", "description": "How many.", "default": "3"},
    }
    (tool,) = written(tmp_path, [openai(schema=flat)]).tools
    assert tool.parameters == SCHEMA
    assert "flat parameters wrapped into an object" in tool.schema_fixes


def test_the_documents_of_bfcl_are_read(tmp_path: Path) -> None:
    document = {
        "name": "GorillaFileSystem.cd",
        "description": "Change the folder.",
        "parameters": {
            "type": "dict",
            "properties": {"folder": {"type": "string"}, "depth": {"type": "float"}},
            "required": ["folder"],
        },
        "response": {"type": "dict", "properties": {"current": {"type": "string"}}},
    }
    (tool,) = written(tmp_path, json.dumps(document) + "\n", "doc.json").tools
    assert tool.name == "GorillaFileSystem.cd"
    assert tool.parameters["properties"]["depth"] == {"type": "number"}
    assert tool.returns == {"type": "object", "properties": {"current": {"type": "string"}}}


def test_public_declarations_are_read(shared_data: Path) -> None:
    tools = import_declared(shared_data / "tools" / "mcp-servers-ref" / "tools.json").tools
    assert len(tools) == 57
    assert not [tool.name for tool in tools if tool.schema_fixes]
    folder = shared_data / "tools" / "bfcl-multi-turn" / "data" / "multi_turn_func_doc"
    documents = [import_declared(path) for path in folder.glob("*.json")]
    assert sum(len(document.tools) for document in documents) == 162
    assert sum(tool.returns is not None for document in documents for tool in document.tools) == 161
    with pytest.raises(ToolsError, match="declares get_user_details twice, and differently"):
        import_declared(shared_data / "tools" / "tau-bench" / "tools.json")


def test_results_of_mcp_tools_are_kept(tmp_path: Path) -> None:
    output = {"type": "object", "properties": {"sky": {"type": "string"}}}
    listed = {"tools": [{**anthropic("inputSchema"), "outputSchema": output, "annotations": {"title": "x"}}]}
    assert written(tmp_path, listed).tools[0].returns == output


def test_names_become_legal_and_differ(tmp_path: Path) -> None:
    names = ["get weather", "get/weather", "get_weather", "天気"]
    tools = written(tmp_path, [chat(name=name) for name in names]).tools
    assert [(t.name, t.original_name) for t in tools[:3]] == [
        ("get_weather_2", "get weather"), ("get_weather_3", "get/weather"), ("get_weather", None),
    ]  # fmt: skip
    assert tools[3].name.startswith("tool_")
    assert tools[3].original_name == "天気"


def test_the_hash_is_of_the_file(tmp_path: Path) -> None:
    declared = written(tmp_path, [chat()])
    assert declared.sha256 == hashlib.sha256((tmp_path / "tools.json").read_bytes()).hexdigest()
    assert declared.path == tmp_path / "tools.json"


ROW = {"query": "hi", "tools": json.dumps([chat()]), "answers": "[]"}
USELESS: dict[str, tuple[Any, str]] = {
    "empty": ("", "an empty file"),
    "prose": ("These are my tools.", "not JSON"),
    "cut off": (json.dumps([chat()])[:-5], "not JSON"),
    "line cut off": (json.dumps(chat()) + "\n" + json.dumps(chat())[:-5], "tools.json:2: not JSON"),
    "a key twice": ('[{"name": "a", "name": "b", "parameters": {}}]', 'duplicate key "name"'),
    "not a number": ('[{"name": "a", "parameters": {"x": {"default": NaN}}}]', "not JSON"),
    "beyond numbers": ('[{"name": "a", "parameters": {"x": {"default": 1e999}}}]', "holds what JSON can not"),
    "beyond 64 bits": (f'[{{"name": "a", "parameters": {{"x": {{"default": {10**30}}}}}}}]', "holds what"),
    "nothing": ([], "declares no tool"),
    "no list": (3, "no list of tools"),
    "no objects": (["get_weather"], "[0]: no declaration"),
    "no tools": ({"tools": []}, "declares no tool"),
    "another object": ({"name": "left-pad", "version": "1.0", "description": "x"}, "declares no tool"),
    "people": ([{"name": "Ada", "age": 36}], "[0]: is no tool"),
    "rows": ([ROW], "holds rows of data, no tools"),
    "rows of chats": ([{"messages": [], "tools": [chat()]}], "holds rows of data, no tools"),
    "lines of rows": (json.dumps(ROW) + "\n" + json.dumps(ROW), "holds rows of data, no tools"),
    "no name": ([{"type": "function", "function": {"description": "x"}}], "[0]: has no name"),
    "built in": ([chat(), {"type": "web_search_2025", "name": "search"}], "[1]: search is built into"),
    "a quarrel": ([chat(), chat(description="Other.")], "[1]: declares get_weather twice, and differently"),
    "parameters of no kind": ([openai(schema=[1])], "parameters are no object"),
    "a schema elsewhere": ([openai(schema={"type": "object", "$ref": "https://x.org/s"})], "is not valid"),
    "no tools in text": ({"tools": "get_weather"}, "tools is not JSON"),
}  # fmt: skip


@pytest.mark.parametrize(("value", "error"), USELESS.values(), ids=USELESS)
def test_a_file_without_tools_is_one_clear_error(value: Json, error: str, tmp_path: Path) -> None:
    with pytest.raises(ToolsError) as caught:
        written(tmp_path, value)
    assert error in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / "tools.json"))
    assert "\n" not in str(caught.value)


def test_what_is_no_file_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "latin.json").write_bytes(b'[{"name": "caf\xe9"}]')
    for path, error in ((tmp_path, "not a file"), (tmp_path / "no.json", "no such file"),
                        (tmp_path / "latin.json", "not UTF-8")):  # fmt: skip
        with pytest.raises(ToolsError, match=error):
            import_declared(path)


def test_deep_nesting_is_one_clear_error(tmp_path: Path) -> None:
    for text in ("[" * 100_000, '{"tools":' * 5_000 + "1" + "}" * 5_000):
        with pytest.raises(ToolsError):
            written(tmp_path, text)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.lists(st.text("ab_.- /é", min_size=1, max_size=5), min_size=1, max_size=6, unique=True),
    types=st.lists(st.sampled_from(["string", "integer", "number", "boolean"]), max_size=4),
    description=st.text(max_size=20),
)
def test_notations_agree_on_any_tools(
    names: list[str], types: list[str], description: str, tmp_path: Path
) -> None:
    schema = {"type": "object", "properties": {f"p{i}": {"type": t} for i, t in enumerate(types)}}
    about = {"description": description, "schema": schema}
    bare = [openai(name, **about) for name in names]
    listed = [anthropic("inputSchema", name=name, **about) for name in names]
    tools = written(tmp_path, [chat(name=name, **about) for name in names]).tools
    assert tools == written(tmp_path, {"functions": bare}).tools
    assert tools == written(tmp_path, {"tools": listed}).tools
    assert tools == written(tmp_path, "\n".join(map(json.dumps, bare)), "tools.jsonl").tools
    assert len({tool.name for tool in tools}) == len(names)
    assert [tool.original_name or tool.name for tool in tools] == names


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["name", "parameters", "tools", "function", "type", "properties", "required",
                         "description", "items", "enum", "$ref", "default", "result", "anyOf", "response"]),
        inner, max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


definitions = st.lists(
    st.fixed_dictionaries(
        {"name": st.text(min_size=1, max_size=3), "parameters": json_values},
        optional={"description": json_values, "outputSchema": json_values, "required": json_values},
    ),
    max_size=2,
)


@pytest.mark.slow
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=json_values | definitions, as_yaml=st.booleans())
def test_whatever_a_file_holds_it_is_read_or_the_error_is_ours(
    value: Json, as_yaml: bool, tmp_path: Path
) -> None:
    try:
        tools = written(tmp_path, json.dumps(value), "any.yaml" if as_yaml else "any.json").tools
    except ToolsError as error:
        told = str(error)
    else:
        told = " ".join(tool.name for tool in tools)
        assert [i for tool in tools for i in check(tool.parameters, {}) if i.code == "bad-schema"] == []
    assert told
    assert "\n" not in told


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.binary(max_size=60) | st.text('[]{}":,a1\n<tools/>', max_size=40).map(str.encode))
def test_whatever_the_bytes_are_the_error_is_ours(raw: bytes, tmp_path: Path) -> None:
    path = tmp_path / "tools.json"
    path.write_bytes(raw)
    with pytest.raises(ToolsError):
        import_declared(path)


def test_a_licence_that_is_named_is_kept_and_goes_into_rows(tmp_path: Path) -> None:
    several = [{**openai("one"), "license": "MIT"}, {**openai("two"), "license": "Apache-2.0"}, chat()]
    assert written(tmp_path, several).licence == "Apache-2.0, MIT"
    assert written(tmp_path, {"license": "MIT", "tools": [chat()]}).licence == "MIT"
    assert written(tmp_path, [{**openai(), "license": {"name": "MIT"}}]).licence == ""
    box = written(tmp_path, several)
    world = world_of(box)
    assert (world.licence, world.executable) == ("Apache-2.0, MIT", False)
    shop = open_workshop(world.tools, seed=1, families="train", values="train", licence=world.licence)
    row = propose(shop, "simple", 0, random.Random(1))
    assert row.source is not None
    assert row.source.license == "Apache-2.0, MIT"
