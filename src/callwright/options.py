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
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

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
        told = {k: v for k, v in named.items() if v not in (None, [])}
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
    merged = {**values, **told}
    try:
        return msgspec.convert(merged, config_type, dec_hook=_path)
    except msgspec.ValidationError as error:
        what, _, path = str(error).rpartition(" - at `$.")
        key = path.rstrip("`")
        place = f"--{key.replace('_', '-')}" if key in told else f"{toml}: {key}"
        raise ConfigError(
            "not a usable value",
            place=place,
            expected=_expected(config_type, key, what),
            got=_got(merged[key]),
        ) from None


def _path(wanted: type[Any], value: Any) -> Any:
    """Convert what msgspec can not: TOML has no paths."""
    if wanted is Path and isinstance(value, str | Path):
        return Path(value)
    raise ValueError(f"Expected `{wanted.__name__}`")


def _expected(config_type: type[Any], key: str, what: str) -> str:
    """Say in a person's words what a field takes; `what` is how msgspec puts it."""
    hint = get_type_hints(config_type)[key]
    if get_origin(hint) is Literal:
        return " | ".join(map(str, get_args(hint)))
    return what.removeprefix("Expected ").partition(", got ")[0].replace("`", "")


def _got(value: Any) -> str:
    text = str(value) if isinstance(value, int | float) else repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"


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
    shown = str(default).lower() if default is True else default
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
