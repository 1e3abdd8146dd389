"""Flags from a frozen dataclass: one option per field, help from the text under the field, values from TOML.

A stage's configuration is written once, as a dataclass; the command line, ``--config run.toml`` and the
library take the same names. An unknown key is an error with the nearest name.
"""

from __future__ import annotations

import ast
import difflib
import inspect
import textwrap
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_type_hints

import msgspec
import typer

from callwright.errors import ConfigError

Config = TypeVar("Config")


def verb(config_type: type[Config], body: Callable[..., Any]) -> Callable[..., None]:
    """Return a command for typer: the parameters of `body` but ``config``, then one option per field."""
    own = [p for name, p in inspect.signature(body, eval_str=True).parameters.items() if name != "config"]
    hints, texts = get_type_hints(config_type), field_docs(config_type)
    options = [_option(f, hints[f.name], texts.get(f.name, "")) for f in fields(config_type)]  # type: ignore[arg-type]

    def command(config: Path | None = None, **given: Any) -> None:
        named = {f.name: given.pop(f.name) for f in fields(config_type)}  # type: ignore[arg-type]
        told = {k: v for k, v in named.items() if v is not None}
        body(config=merge(config_type, config, told), **given)

    toml = inspect.Parameter(
        "config",
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[Path | None, typer.Option(help="TOML file with the same keys as the options.")],
    )
    parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in [*own, *options, toml]]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in parameters}
    command.__doc__ = body.__doc__
    command.__name__ = body.__name__
    return command


def merge(config_type: type[Config], toml: Path | None, told: Mapping[str, Any]) -> Config:
    """Return the configuration: defaults, then the TOML file, then what the command line says."""
    values: dict[str, Any] = {}
    if toml is not None:
        values = _read_toml(toml)
        _known(values, config_type, str(toml))
    try:
        return msgspec.convert({**values, **told}, config_type, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(str(error), place=str(toml) if toml else "options") from error


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError("can not be read", place=str(path), got=error.strerror or str(error)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError("is not TOML", place=str(path), got=str(error)) from error


def _known(values: Mapping[str, Any], config_type: type[Any], place: str) -> None:
    names = [f.name for f in fields(config_type)]
    for key in values:
        if key not in names:
            nearest = difflib.get_close_matches(key, names, n=1)
            raise ConfigError(
                f"unknown key {key!r}",
                place=place,
                expected=f"{nearest[0]!r}?" if nearest else f"one of {', '.join(names)}",
            )


def _option(field: Field[Any], hint: Any, text: str) -> inspect.Parameter:
    default = field.default if field.default is not MISSING else None
    note = "" if default is None else f" [default: {str(default).lower() if default is True else default}]"
    option = typer.Option(help=f"{text}{note}".strip() or None, show_default=False)
    return inspect.Parameter(
        field.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[hint | None, option],
    )


def field_docs(config_type: type[Any]) -> dict[str, str]:
    """Return the text under each field of a dataclass, first sentence only."""
    body = ast.parse(textwrap.dedent(inspect.getsource(config_type))).body[0]
    assert isinstance(body, ast.ClassDef)
    texts: dict[str, str] = {}
    for field, below in zip(body.body, body.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            text = below.value if isinstance(below, ast.Expr) else None
            if isinstance(text, ast.Constant) and isinstance(text.value, str):
                texts[field.target.id] = " ".join(text.value.split())
    return texts
