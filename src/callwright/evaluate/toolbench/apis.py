"""An API of ToolBench's catalogue, and the function that a model is offered in its place.

The rules are those of ToolBench's own runner (``rapidapi.py`` at d56fdd89), its quirk included: an API
without required parameters loses its optional ones. `official=False` keeps them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from callwright.evaluate.toolbench.names import MAX_LENGTH, function_name, plain_name, standardize
from callwright.record import Json, Tool

DESCRIPTION_LENGTH = 256
FINISH = "Finish"
GIVE_ANSWER, GIVE_UP = "give_answer", "give_up_and_restart"
_TYPES = {"NUMBER": "integer", "STRING": "string", "BOOLEAN": "boolean"}


class Parameter(NamedTuple):
    """One parameter, as the catalogue tells it."""

    name: str
    type: str
    description: str
    default: Json
    required: bool

    @property
    def json_type(self) -> str:
        """The type that models are told: whatever is no NUMBER, STRING or BOOLEAN is a string."""
        return _TYPES.get(self.type, "string")


class Api(NamedTuple):
    """One API; `parameters` is None where the source tells no parameters at all."""

    category: str
    tool: str
    name: str
    description: str = ""
    parameters: tuple[Parameter, ...] | None = ()
    template: Json = None
    """The skeleton of a response: type names in place of values."""

    @property
    def key(self) -> tuple[str, str]:
        """Tool and name, by which queries refer to an API."""
        return self.tool, self.name


class Offer(NamedTuple):
    """What a model may call: functions beside the APIs behind them, in the query's order, without Finish."""

    functions: tuple[tuple[Tool, Api], ...]
    same_name: tuple[Api, ...] = ()
    """APIs that are not offered, because their function has the name of an earlier one."""
    official: bool = True

    @property
    def tools(self) -> tuple[Tool, ...]:
        """All offered tools, Finish last."""
        return (*(tool for tool, _ in self.functions), FINISH_TOOL)

    def named(self, name: str) -> Api | None:
        """Return the API that a call reaches: the first whose function's name ends with `name`.

        So a call of ``geocode_for_egypt_api`` can reach ``reverse_geocode_for_egypt_api``, which stands
        before it. Without `official` a function of the very name goes first.
        """
        if not self.official and (
            same := next((api for tool, api in self.functions if tool.name == name), None)
        ):
            return same
        return next((api for tool, api in self.functions if tool.name.endswith(name)), None)

    def function_of(self, key: tuple[str, str]) -> Tool | None:
        """Return the function that reaches an API, None where every call would reach another one."""
        for tool, api in self.functions:
            if api.key == key and self.named(tool.name) is api:
                return tool
        return None


FINISH_TOOL = Tool(
    name=FINISH,
    description=(
        "End the task, always as the last call. Hand over the final answer, which is all that the user will "
        "see, or give up and start again where the task can not be done from here."
    ),
    parameters={
        "type": "object",
        "properties": {
            "return_type": {"type": "string", "enum": [GIVE_ANSWER, GIVE_UP]},
            "final_answer": {
                "type": "string",
                "description": "What to tell the user; needed if return_type is give_answer.",
            },
        },
        "required": ["return_type"],
    },
)


def offer(apis: Iterable[Api], *, official: bool = True) -> Offer:
    """Return the functions for some APIs.

    Where two would have the same name, ToolBench's runner answers calls of it by the first: the second is
    left out. `official=False` numbers the names instead.
    """
    functions: dict[str, tuple[Tool, Api]] = {}
    same_name = []
    for api in _listed_once(apis):
        tool = tool_of(api, official=official)
        if tool.name in functions and not official:
            tool = _renamed(tool, functions)
        if tool.name in functions:
            same_name.append(api)
        else:
            functions[tool.name] = (tool, api)
    return Offer(tuple(functions.values()), tuple(same_name), official)


def tool_of(api: Api, *, official: bool = True) -> Tool:
    """Return the function that stands for an API."""
    name = function_name(api.name, api.tool)
    told = api.parameters or ()
    required = tuple(parameter for parameter in told if parameter.required)
    shown = () if official and not required else (*required, *(p for p in told if not p.required))
    schema: dict[str, Json] = {
        "type": "object",
        "properties": {plain_name(parameter.name): _property(parameter) for parameter in shown},
        "required": list(dict.fromkeys(plain_name(parameter.name) for parameter in required)),
    }
    if api.parameters is None:
        schema["additionalProperties"] = True
    original = f"{api.tool}: {api.name}"
    return Tool(name=name, description=_description(api, name), parameters=schema, original_name=original)


def document(tool: Tool) -> dict[str, Json]:
    """Return a tool as ToolBench's answer files list it."""
    parameters = tool.parameters
    if tool is not FINISH_TOOL:
        optional = [name for name in parameters["properties"] if name not in parameters["required"]]
        parameters = {**parameters, "optional": optional}
    return {"name": tool.name, "description": tool.description, "parameters": parameters}


def _listed_once(apis: Iterable[Api]) -> Sequence[Api]:
    """Return the APIs without those that are listed a second time."""
    first: dict[tuple[str, str, str], Api] = {}
    for api in apis:
        first.setdefault((api.category, *api.key), api)
    return list(first.values())


def _description(api: Api, name: str) -> str:
    text = f'This is the subfunction for tool "{standardize(api.tool)}", you can use this tool.'
    if own := api.description.strip():
        own = own.replace(api.name, name) if api.name else own
        text += f'The description of this function is: "{own[:DESCRIPTION_LENGTH]}"'
    return text


def _property(parameter: Parameter) -> dict[str, Json]:
    described: dict[str, Json] = {
        "type": parameter.json_type,
        "description": parameter.description[:DESCRIPTION_LENGTH],
    }
    if str(parameter.default):
        described["example_value"] = parameter.default
    return described


def _renamed(tool: Tool, taken: dict[str, tuple[Tool, Api]]) -> Tool:
    number = 2
    while (name := f"{tool.name}_{number}"[-MAX_LENGTH:]) in taken:
        number += 1
    return Tool(
        name=name,
        description=tool.description,
        parameters=tool.parameters,
        original_name=tool.original_name,
    )
