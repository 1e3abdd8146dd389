"""Agent Data Protocol (ADP), its standardised rows: observations and actions of many agent data sets.

Row: ``{"id", "content": [{"class_": "text_observation" | "web_observation" | "image_observation" |
"message_action" | "api_action" | "code_action", …}], "details"}``. An `api_action` is a call, a `code_action`
is a call of the language's code tool with the code as its argument, and the `description` of an action is
its thought. Rows have no tools: they are read where a converter left them (`details.tools`, or a declaration
in the first observation), a row that acts by code alone has code tools, and else they are unknown.

The observation behind a call is its result, also where the data set says that the user wrote it. An
observation of the environment behind no call is a user's turn with the name "environment". A web page is
its accessibility tree, else its HTML. ``<finish>`` tags, which converters put around last messages, are taken
off and noted. Values keep the quotes that some converters put around every string (``"\\"shelf 1\\""``).
Licences are those of the data sets, which only the name of a folder or file tells.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from callwright.record import Json, Trajectory
from callwright.unify.conversation import Conversation
from callwright.unify.files import rows as rows
from callwright.unify.notations.blocks import joined, outcome
from callwright.unify.notations.calls import Call, call
from callwright.unify.rows import BadRow, Row, other_fields, shape
from callwright.unify.tools import Toolset, assemble, make_tool, toolset

LICENSES = {
    "agenttuning": "Apache-2.0",
    "androidcontrol": "Apache-2.0",
    "code_feedback": "Apache-2.0",
    "codeactinstruct": "Apache-2.0",
    "go-browse-wa": "MIT",
    "mini-coder": "MIT",
    "nebius": "CC-BY-4.0",
    "orca_agentinstruct": "CDLA-Permissive-2.0",
    "swe-gym": "MIT",
    "swe-smith": "MIT",
    "synatra": "CC-BY-SA-4.0",
    "toucan": "Apache-2.0",
}
FIELDS = ("id", "content", "details")
LOSES = (
    "the words with which a converter declared tools. Rows with an observation that is an image are dropped."
)
SEEN = "real"
_KNOWN = frozenset({"content", "details"})
_ACTIONS = ("api_action", "code_action", "message_action")
_OBSERVATIONS = ("text_observation", "web_observation", "image_observation")
_DECLARED = re.compile(
    r"\A\s*<\|im_system\|>tool_declare<\|im_middle\|>(.*?)(?:<\|im_end\|>)?\s*\Z", re.DOTALL
)
_FINISH = re.compile(r"\A\s*<finish>(.*)</finish>\s*\Z", re.DOTALL)
_SUCCESS = {"True": True, "False": False, True: True, False: False}


class _Row(msgspec.Struct):
    content: list[dict[str, Json]]
    details: dict[str, Json] = {}


class _Action(msgspec.Struct):
    description: str | None = None
    reasoning_content: str | None = None
    tool_call_id: str | None = None
    content: str = ""
    language: str = ""
    kwargs: Json = None


class _Text(msgspec.Struct):
    content: str
    source: str = "environment"
    name: str | None = None
    tool_call_id: str | None = None


class _Page(msgspec.Struct):
    axtree: str | None = None
    html: str | None = None
    tool_call_id: str | None = None


_IN_ACTION = frozenset({"class_", "description", "reasoning_content"})


def detect(value: Mapping[str, Json]) -> str:
    """Recognise observations and actions by their class."""
    content = value.get("content")
    if not isinstance(content, list) or not content:
        return ""
    kinds = [item.get("class_") if isinstance(item, dict) else None for item in content]
    if all(kind in (*_ACTIONS, *_OBSERVATIONS) for kind in kinds):
        return "content of observations and actions with a class_"
    return ""


def convert(row: Row) -> Trajectory:
    """Return the actions as the assistant's turns, and the observations between them."""
    raw = shape(row.value, _Row)
    talk = Conversation(row, _offered(raw))
    waiting: list[str] = []  # ids of the calls whose result comes next
    for i, item in enumerate(raw.content):
        path, kind = f"content[{i}]", item.get("class_")
        if kind == "message_action":
            _say(talk, item, path)
            waiting = []
        elif kind in ("api_action", "code_action"):
            waiting += _act(talk, item, path)
        elif kind == "text_observation":
            _hear(talk, item, path, waiting)
        elif kind == "web_observation":
            _see(talk, item, path, waiting)
        else:
            raise BadRow(
                "wrong-type", f"{path}.class_", f"expected a text or an action, got {str(kind)[:40]!r}"
            )
    details = raw.details
    if talk.tools is not None:
        details = other_fields(details, frozenset({"tools"}))
    resolved = details.get("resolved")
    success = _SUCCESS.get(resolved) if isinstance(resolved, str | bool) else None
    fields = other_fields(row.value, _KNOWN)
    given = outcome(details.get("reward"), success)
    return talk.finish(fields={**fields, "details": details} if details else fields, outcome=given)


def _offered(raw: _Row) -> Toolset | None:
    listed = raw.details.get("tools")
    if isinstance(listed, str | list):
        return toolset(listed, "details.tools")
    first = raw.content[0] if raw.content else {}
    declared = _DECLARED.match(first["content"]) if isinstance(first.get("content"), str) else None
    if declared and first.get("class_") == "text_observation":
        return toolset(declared[1], "content[0]")
    kinds = {item.get("class_") == "api_action" for item in raw.content}
    languages = [item.get("language") for item in raw.content if item.get("class_") == "code_action"]
    names = dict.fromkeys(name for name in languages if isinstance(name, str) and name)
    if True in kinds or not names:
        return None
    schema = {"type": "object", "properties": {"code": {"type": "string"}}, "required": ["code"]}
    return assemble([make_tool(name, f"Run {name} code.", schema, kind="code") for name in names])


def _say(talk: Conversation, item: Mapping[str, Json], path: str) -> None:
    action = shape(item, _Action, path)
    finish = _FINISH.match(action.content)
    text = finish[1].strip() if finish else action.content
    talk.assistant(text, reasoning=_thought(action), path=path)
    talk.keep(path, {**item, "finish": True} if finish else item, _IN_ACTION | {"content"})


def _act(talk: Conversation, item: Mapping[str, Json], path: str) -> list[str]:
    """Add an action that is a call and return its id."""
    action = shape(item, _Action, path)
    if item["class_"] == "code_action":
        found, known = _code(talk, action, path), {"language", "content"}
    else:
        name = item.get("function")
        if not isinstance(name, str) or not name:
            raise BadRow("bad-calls", f"{path}.function", "expected the name of a function")
        found, known = call(name, action.kwargs, action.tool_call_id), {"function", "kwargs"}
    ids = talk.assistant("", [found], reasoning=_thought(action), path=path)
    talk.keep(path, item, _IN_ACTION | {"tool_call_id"} | known)
    return ids


def _thought(action: _Action) -> str | None:
    return joined([t for t in (action.reasoning_content, action.description) if t])


def _code(talk: Conversation, action: _Action, path: str) -> Call:
    """Return the call of the tool that runs the language: of the one that is offered for it, if any."""
    language = action.language
    if not language:
        raise BadRow("bad-calls", f"{path}.language", "expected the language of the code")
    offered = {tool.name: tool for tool in talk.tools.tools} if talk.tools else {}
    tool = offered.get(f"execute_{language}") or offered.get(language)
    required = tool.parameters.get("required") if tool else None
    name = tool.name if tool else language
    return Call(name, {required[0] if required else "code": action.content}, action.tool_call_id)


def _hear(talk: Conversation, item: Mapping[str, Json], path: str, waiting: list[str]) -> None:
    """Add a text: the result of a waiting call, or what somebody says."""
    heard = shape(item, _Text, path)
    known = {"class_", "content", "source", "tool_call_id"}
    if heard.source == "agent":
        talk.assistant(heard.content, path=path)
    elif _result(talk, heard.content, heard.tool_call_id, waiting):
        known -= {"source"} if heard.source != "environment" else set()
    elif heard.source == "user":
        talk.user(heard.content, heard.name)
        known.add("name")
    elif heard.name == "system":
        if talk.tools is None or not _DECLARED.match(heard.content):
            talk.system(heard.content)
        known.add("name")
    elif heard.source == "environment":
        talk.user(heard.content, heard.name or "environment")
        known.add("name")
    else:
        raise BadRow("unknown-role", f"{path}.source", f"got {heard.source[:40]!r}")
    talk.keep(path, item, frozenset(known))


def _see(talk: Conversation, item: Mapping[str, Json], path: str, waiting: list[str]) -> None:
    """Add a web page; its picture, address and size are kept."""
    page = shape(item, _Page, path)
    text = page.axtree or page.html
    if not text:
        raise BadRow("wrong-type", path, "expected a page with an accessibility tree or HTML")
    if not _result(talk, text, page.tool_call_id, waiting):
        talk.user(text, "environment")
    talk.keep(path, item, frozenset({"class_", "tool_call_id", "axtree" if page.axtree else "html"}))


def _result(talk: Conversation, text: str, call_id: str | None, waiting: list[str]) -> bool:
    own = call_id or (waiting[0] if waiting else None)
    if own in waiting:
        waiting.remove(own)
    if own:
        talk.result(text, call_id=own)
    return bool(own)
