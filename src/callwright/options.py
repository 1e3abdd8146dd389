"""Flags from a frozen dataclass: one option per field, help from the text under the field, values from TOML.

A stage's configuration is written once, as a dataclass; the command line, ``--config run.toml`` and the
library take the same names. An unknown key is an error with the nearest name. A field that is a dataclass
itself is no option but a table of the file. A file may serve several verbs, with a table for each of them, as
the recipes do that are shipped; those go by their names.
"""

from __future__ import annotations

import ast
import difflib
import importlib.resources
import inspect
import re
import textwrap
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import MISSING, Field, fields, is_dataclass
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec
import typer

from callwright import parameters
from callwright.errors import ConfigError

Config = TypeVar("Config")
VERBS = (
    "unify", "verify", "augment", "lint", "synthesize", "converse", "blend", "pair", "export", "sft", "dpo",
    "evaluate", "build", "demo", "study",
)  # fmt: skip
"""Tables that a file for several verbs may have; those of `train` by their own names."""


def verb(config_type: type[Config], body: Callable[..., Any]) -> Callable[..., None]:
    """Return a command for typer: the parameters of `body` but ``config``, then one option per field."""
    own = [p for name, p in inspect.signature(body, eval_str=True).parameters.items() if name != "config"]
    hints, texts = get_type_hints(config_type), field_docs(config_type)
    flat = [f for f in fields(config_type) if not is_dataclass(hints[f.name])]  # type: ignore[arg-type]
    options = [_option(f, hints[f.name], texts.get(f.name, "")) for f in flat]
    name = body.__name__.removeprefix("train_")

    def command(config: Path | None = None, **given: Any) -> None:
        named = {f.name: given.pop(f.name) for f in flat}
        told = {k: v for k, v in named.items() if v not in (None, [])}
        body(config=merge(config_type, config, told, name), **given)

    tables = "".join(f", a table [{t}]" for t in hints if is_dataclass(hints[t]))
    text = f"TOML file with the same keys as the options{tables}, or all in a table [{name}]; or a recipe."
    toml = inspect.Parameter(
        "config",
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[Path | None, typer.Option(help=text)],
    )
    taken = [_taken(p) for p in [*own, *options, toml]]
    command.__signature__ = inspect.Signature(taken)  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in taken}
    command.__doc__ = body.__doc__
    command.__name__ = body.__name__
    return command


def merge(config_type: type[Config], toml: Path | None, told: Mapping[str, Any], name: str = "") -> Config:
    """Return the configuration: defaults, then the TOML file or recipe, then what the command line says.

    Of a file with tables for several verbs the one that is called `name` counts.
    """
    values: dict[str, Any] = {}
    place = ""
    if toml is not None:
        values, place = _table(_read_toml(toml), name, str(toml))
        _known(values, config_type, place)
    merged = {**values, **told}
    try:
        made = msgspec.convert(merged, config_type, dec_hook=_path)
        _check_texts(config_type, merged)
    except msgspec.ValidationError as error:
        what, _, path = str(error).rpartition(" - at `$.")
        path = path.rstrip("`")
        keys = re.findall(r"[^.\[\]]+", path)
        raise ConfigError(
            "not a usable value",
            place=f"--{keys[0].replace('_', '-')}" if keys[0] in told else f"{place}: {path}",
            expected=_expected(config_type, keys, what),
            got=_got(merged, keys),
        ) from None
    return made


def recipes() -> dict[str, Traversable]:
    """Return the recipes that are shipped, by name."""
    folder = importlib.resources.files("callwright.train").joinpath("recipes")
    files = sorted(folder.iterdir(), key=lambda file: file.name)
    return {file.name.removesuffix(".toml"): file for file in files if file.name.endswith(".toml")}


def _table(values: dict[str, Any], name: str, place: str) -> tuple[dict[str, Any], str]:
    """Return what a file says to the verb `name`, and where that stands."""
    if not any(key in VERBS and isinstance(value, dict) for key, value in values.items()):
        return values, place
    for key in values:
        if key not in VERBS:
            raise _unknown(key, VERBS, place, "table")
    if name not in values:
        raise ConfigError(f"no table [{name}]", place=place, got=", ".join(f"[{key}]" for key in values))
    return values[name], f"{place}: [{name}]"


def _path(wanted: type[Any], value: Any) -> Any:
    """Convert what msgspec can not: TOML has no paths. No text would be the working directory."""
    if wanted is Path and isinstance(value, str | Path) and str(value) and "\0" not in str(value):
        return Path(value)
    raise ValueError(f"Expected `{wanted.__name__}`")


def _check_texts(config_type: type[Any], values: Mapping[str, Any], place: str = "$") -> None:
    """Raise for a zero byte, and for no text in a setting that has no value unless it is told."""
    for field in fields(config_type):
        value, here = values.get(field.name), f"{place}.{field.name}"
        if is_dataclass(field.default) and isinstance(value, dict):
            _check_texts(type(field.default), value, here)
        for text in value if isinstance(value, list | tuple) else [value]:
            if isinstance(text, str) and "\0" in text:
                raise msgspec.ValidationError(f"Expected `text without a zero byte` - at `{here}`")
            if text == "" and field.default in (None, ()):
                raise msgspec.ValidationError(f"Expected `something, or to be left out` - at `{here}`")


def _expected(config_type: type[Any], keys: Sequence[str], what: str) -> str:
    """Say in a person's words what a field takes; `what` is how msgspec puts it."""
    hint: Any = config_type
    for key in keys:
        hint = get_args(hint)[0] if key.isdigit() else get_type_hints(hint)[key]
    if get_origin(hint) is Literal:
        return " | ".join(map(str, get_args(hint)))
    return what.removeprefix("Expected ").partition(", got ")[0].replace("`", "")


def _got(values: Mapping[str, Any], keys: Sequence[str]) -> str:
    value: Any = values
    for key in keys:
        value = value[int(key) if key.isdigit() else key]
    text = str(value) if isinstance(value, int | float) else repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"


def _read_toml(path: Path) -> dict[str, Any]:
    file: Path | Traversable = path
    if not path.is_file() and path.name == str(path) and path.suffix != ".toml":
        shipped = recipes()
        if path.name not in shipped:
            raise ConfigError(
                "neither a file nor a recipe", place=str(path), expected=" | ".join(["a TOML file", *shipped])
            )
        file = shipped[path.name]
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError("can not be read", place=str(path), got=error.strerror or str(error)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError("is not TOML", place=str(path), got=str(error)) from error


def _known(values: Mapping[str, Any], config_type: type[Any], place: str) -> None:
    """Raise for a key that is no field, also inside of a field that is a dataclass."""
    hints = get_type_hints(config_type)
    for key, value in values.items():
        if key not in hints:
            raise _unknown(key, hints, place, "key")
        if is_dataclass(hints[key]) and isinstance(value, dict):
            _known(value, hints[key], f"{place}: [{key}]")


def _unknown(key: str, names: Iterable[str], place: str, what: str) -> ConfigError:
    nearest = difflib.get_close_matches(key, names, n=1)
    expected = f"{nearest[0]!r}?" if nearest else f"one of {', '.join(names)}"
    return ConfigError(f"unknown {what} {key!r}", place=place, expected=expected)


def _taken(parameter: inspect.Parameter) -> inspect.Parameter:
    """Return a parameter as the command has it: by name, and paths not without a text."""
    hint = parameter.annotation
    if get_origin(hint) is Annotated and Path in _types(get_args(hint)[0]):
        kind, note = get_args(hint)
        note = copy(note)
        note.parser = parameters.path
        hint = Annotated[kind, note]
    return parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hint)


def _types(hint: Any) -> set[Any]:
    """Return the types that a hint is made of."""
    return {hint}.union(*map(_types, get_args(hint)))


def _option(field: Field[Any], hint: Any, text: str) -> inspect.Parameter:
    default = field.default if field.default is not MISSING else None
    shown = str(default).lower() if default is True else default
    if isinstance(default, tuple):
        shown = ", ".join(map(str, default))
    note = "" if default is None or default is False or default == () else f" [default: {shown}]"
    option = typer.Option(help=f"{text}{note}".strip() or None, show_default=False)
    if get_origin(hint) is tuple:
        hint = list[get_args(hint)[0]]  # type: ignore[misc]  # an option that may be given several times
    return inspect.Parameter(
        field.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[hint | None, option],
    )


def field_docs(config_type: type[Any]) -> dict[str, str]:
    """Return the text under each field of a dataclass, or under its parent's; one without is left out."""
    texts: dict[str, str] = {}
    for owner in reversed(config_type.__mro__[:-1]):
        texts |= _own_field_docs(owner)
    return texts


def _own_field_docs(config_type: type[Any]) -> dict[str, str]:
    body = ast.parse(textwrap.dedent(inspect.getsource(config_type))).body[0]
    assert isinstance(body, ast.ClassDef)
    texts: dict[str, str] = {}
    for field, below in zip(body.body, body.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            text = below.value if isinstance(below, ast.Expr) else None
            if isinstance(text, ast.Constant) and isinstance(text.value, str):
                texts[field.target.id] = " ".join(text.value.split())
    return texts
