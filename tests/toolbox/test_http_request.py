"""Arguments as requests: every style of the specification, and none that can lead elsewhere."""

from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from http_server import GET, api_of
from hypothesis import given
from hypothesis import strategies as st

from callwright.record import Json, ToolCall
from callwright.toolbox.http import HttpExecutor
from callwright.toolbox.http.request import Refused, Request, compose
from callwright.toolbox.openapi import Argument, Operation

LIST, OBJECT = ["blue", "black"], {"R": 100, "G": 200}


def operation(*arguments: Argument, path: str = "/", method: str = "GET", content: str = "") -> Operation:
    return Operation("ask", method, path, arguments, content)


def written(place: str, style: str, explode: bool, value: Json) -> str:
    argument = Argument("color", "color", place, style, explode)  # type: ignore[arg-type]
    request = compose(operation(argument, path="/{color}" if place == "path" else "/"), {"color": value}, ())
    return {
        "path": request.path[1:], "query": "&".join(request.fields), "cookie": "; ".join(request.cookies),
        "header": "".join(text for _, text in request.headers),
    }[place]  # fmt: skip


@pytest.mark.parametrize(
    ("place", "style", "explode", "one", "several", "named"),
    [
        # The table of styles in OpenAPI 3.1, section 4.8.12.
        ("path", "matrix", False, ";color=blue", ";color=blue,black", ";color=R,100,G,200"),
        ("path", "matrix", True, ";color=blue", ";color=blue;color=black", ";R=100;G=200"),
        ("path", "label", False, ".blue", ".blue,black", ".R,100,G,200"),
        ("path", "label", True, ".blue", ".blue.black", ".R=100.G=200"),
        ("path", "simple", False, "blue", "blue,black", "R,100,G,200"),
        ("path", "simple", True, "blue", "blue,black", "R=100,G=200"),
        ("query", "form", False, "color=blue", "color=blue,black", "color=R,100,G,200"),
        ("query", "form", True, "color=blue", "color=blue&color=black", "R=100&G=200"),
        ("query", "spaceDelimited", False, "color=blue", "color=blue%20black", "color=R%20100%20G%20200"),
        ("query", "pipeDelimited", False, "color=blue", "color=blue%7Cblack", "color=R%7C100%7CG%7C200"),
        (
            "query",
            "deepObject",
            True,
            "color=blue",
            "color=blue&color=black",
            "color%5BR%5D=100&color%5BG%5D=200",
        ),
        ("header", "simple", False, "blue", "blue,black", "R,100,G,200"),
        ("header", "simple", True, "blue", "blue,black", "R=100,G=200"),
        ("cookie", "form", False, "color=blue", "color=blue,black", "color=R,100,G,200"),
    ],
)
def test_styles(place: str, style: str, explode: bool, one: str, several: str, named: str) -> None:
    assert written(place, style, explode, "blue") == one
    assert written(place, style, explode, LIST) == several
    assert written(place, style, explode, OBJECT) == named


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (3.0, "3.0"),
        (7, "7"),
        ("a b&c=d#é", "a%20b%26c%3Dd%23%C3%A9"),
        ([[1], 2], "%5B1%5D&color=2"),
    ],
)
def test_plain_values_in_a_query(value: Json, text: str) -> None:
    assert written("query", "form", True, value) == f"color={text}"


def test_what_is_null_or_left_out_is_not_sent() -> None:
    arguments = (
        Argument("a", "a", "query", "form", True),
        Argument("b", "b", "header"),
        Argument("c", "c", "query"),
    )
    assert compose(operation(*arguments), {"a": None, "b": None}, ()) == Request("GET", "/")


def test_reserved_characters_stay_only_where_that_is_allowed_and_never_end_a_field() -> None:
    argument = Argument("a", "a", "query", "form", True, reserved=True)
    (field,) = compose(operation(argument), {"a": "/x?y:@!$'()*,;&b=1+#é"}, ()).fields
    assert field == "a=/x?y:@!$'()*,;%26b%3D1%2B%23%C3%A9"


def test_a_parameter_with_content_is_json() -> None:
    argument = Argument("a", "a", "query", content="application/json")
    assert compose(operation(argument), {"a": {"b": [1, None]}}, ()).fields == (
        "a=%7B%22b%22%3A%5B1%2Cnull%5D%7D",
    )


@given(
    st.text(min_size=1)
    | st.integers()
    | st.lists(st.text(), min_size=1)
    | st.dictionaries(st.text(), st.text(), min_size=1)
)
def test_no_argument_leaves_its_segment_of_the_path(value: Json) -> None:
    op = operation(Argument("x", "x", "path", "simple"), path="/a/{x}/b")
    try:
        path = compose(op, {"x": value}, ()).path
    except Refused:
        return
    before, _, after = path.partition("/a/")
    segment, _, rest = after.partition("/")
    assert (before, rest) == ("", "b")
    assert path.isascii()
    assert not set("?#\r\n \\") & set(segment)
    assert unquote(segment) not in ("", ".", "..")


@pytest.mark.parametrize("value", [".", "..", "", None, [], {}, "a\nb", "a\0b", ["..\r"], "\ud800"])
def test_path_values_that_are_refused(value: Json) -> None:
    with pytest.raises(Refused, match=r"'x'|segment"):
        compose(operation(Argument("x", "x", "path", "simple"), path="/a/{x}"), {"x": value}, ())


def test_dots_that_meet_in_a_segment_are_refused() -> None:
    arguments = (Argument("x", "x", "path", "simple"), Argument("y", "y", "path", "simple"))
    with pytest.raises(Refused, match=r"segment \. or \.\."):
        compose(operation(*arguments, path="/a/{x}{y}/b"), {"x": ".", "y": "."}, ())
    assert (
        compose(operation(*arguments, path="/a/{x}.{y}"), {"x": "..", "y": "../b"}, ()).path == "/a/.....%2Fb"
    )


@given(st.text())
def test_no_argument_adds_a_header_or_a_line(value: str) -> None:
    op = operation(Argument("x", "X-It", "header"), Argument("y", "y", "cookie", "form"))
    try:
        request = compose(op, {"x": value, "y": "a"}, ())
    except Refused:
        assert any(not " " <= char <= "~" for char in value)
        return
    assert request.headers == (("X-It", value),)
    (cookie,) = compose(op, {"y": value}, ()).cookies
    assert not set(cookie) & set('; ,\r\n"\\')


@given(st.dictionaries(st.text(), st.text(), min_size=1))
def test_a_query_reads_back_as_the_arguments_that_it_was_written_from(value: dict[str, str]) -> None:
    fields = compose(operation(Argument("x", "x", "query", "form", True)), {"x": value}, ()).fields
    parts = urlsplit("http://h/?" + "&".join(fields))
    assert dict(parse_qsl(parts.query, keep_blank_values=True)) == value
    assert parts.fragment == ""


@pytest.mark.parametrize(
    "name", ["Host", "authorization", "Content-Length", "Transfer-Encoding", "Cookie", "Connection", "Expect"]
)
def test_headers_of_the_client_are_no_arguments(tmp_path: Path, name: str) -> None:
    with pytest.raises(Refused, match="must not set the header"):
        compose(operation(Argument("x", name, "header")), {"x": "evil"}, ())
    parameter = {"name": name, "in": "header", "required": True, "schema": {"type": "string"}}
    api = api_of(tmp_path, {"/it": {"get": {**GET, "parameters": [parameter]}}})
    assert api.tools[0].parameters == {"type": "object", "properties": {}}
    with HttpExecutor(api) as execute:
        assert execute(ToolCall(name="ask", arguments={name: "evil"})).kind == "refused"


@pytest.mark.parametrize(
    ("content", "arguments", "body", "sent"),
    [
        ("application/json", {"a": "é", "b": None}, b'{"a":"\\u00e9","b":null}', "application/json"),
        ("application/merge-patch+json", {}, b"{}", "application/merge-patch+json"),
        ("application/x-www-form-urlencoded", {"a": "x&y=z", "b": [1, {"c": 2}]},
         b"a=x%26y%3Dz&b=1&b=%7B%22c%22%3A2%7D", "application/x-www-form-urlencoded"),
    ],
)  # fmt: skip
def test_bodies(content: str, arguments: dict[str, Json], body: bytes, sent: str) -> None:
    fields = (Argument("a", "a", "body", "", True), Argument("b", "b", "body", "", True))
    request = compose(operation(*fields, method="POST", content=content), arguments, ())
    assert (request.body, request.headers) == (body, (("Content-Type", sent),))


def test_bodies_in_one_piece() -> None:
    whole = Argument("body", "", "body")
    as_json = operation(whole, method="POST", content="application/json")
    assert compose(as_json, {"body": [1, {"a": 2}]}, ()).body == b'[1,{"a":2}]'
    assert compose(as_json, {}, ()).body is None
    as_text = operation(whole, method="POST", content="text/plain")
    request = compose(as_text, {"body": "grüße"}, ())
    assert (request.body, request.headers) == (
        "grüße".encode(),
        (("Content-Type", "text/plain; charset=utf-8"),),
    )
    with pytest.raises(Refused, match="so it has to be a text"):
        compose(as_text, {"body": 3}, ())
    as_form = operation(whole, method="POST", content="application/x-www-form-urlencoded")
    assert compose(as_form, {"body": {"a": [1, 2]}}, ()).body == b"a=1&a=2"
    with pytest.raises(Refused, match="so it has to be an object"):
        compose(as_form, {"body": [1]}, ())


def test_an_open_body_takes_further_fields_and_a_closed_one_none() -> None:
    fields = (Argument("a", "a", "body"),)
    opened = Operation("ask", "POST", "/", fields, "application/json", open_body=True)
    assert compose(opened, {"a": 1, "more": 2}, ()).body == b'{"a":1,"more":2}'
    with pytest.raises(Refused, match="'more' has no place"):
        compose(operation(*fields, method="POST", content="application/json"), {"a": 1, "more": 2}, ())


def test_a_missing_argument_of_the_path_is_named() -> None:
    op = operation(Argument("pet_id", "petId", "path", "simple"), path="/pets/{petId}")
    with pytest.raises(Refused, match="the argument 'pet_id' is missing, and the path needs it"):
        compose(op, {}, ())


def test_a_template_with_a_query_or_a_fragment_keeps_the_one_and_loses_the_other() -> None:
    assert compose(operation(path="/x?action=do#get"), {}, ()).path == "/x?action=do"
