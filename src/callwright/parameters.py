"""What the verbs take on the command line beside their settings: files, places and the names of models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def path(text: str | Path) -> Path:
    """Return the path that was typed; a variable that is not set would give the working directory."""
    if text == "":
        raise typer.BadParameter("it is empty, expected a path")
    return Path(text)


def name(text: str) -> str:
    """Return the name that was typed; an empty one would be as good as none, and nobody told."""
    if not text:
        raise typer.BadParameter("it is empty, expected a name")
    return text


Out = Annotated[Path, typer.Option("-o", "--out", help="Where the result goes.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the report as JSON to stdout.")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Throw away what an earlier run left in the directory.")]
Sources = Annotated[list[Path], typer.Argument(help="Files, folders or globs of raw data.")]
Data = Annotated[Path, typer.Argument(help="A file of trajectories.")]
MaybeData = Annotated[Path | None, typer.Argument(help="A file of trajectories.")]
MaybeOut = Annotated[Path | None, typer.Option("-o", "--out", help="Where the result goes.")]
SelfCheck = Annotated[
    bool,
    typer.Option(
        "--self-check",
        help="Plant known defects into clean rows, yours or bundled ones, and count what is found.",
    ),
]
RowFiles = Annotated[list[Path], typer.Argument(help="Files of trajectories, as unify writes them.")]
RowsOrModel = Annotated[
    Path,
    typer.Argument(
        help="A file of trajectories, or a model: smollm2-135m, a model's, an adapter's or a run's directory."
    ),
]
ToolsName = Annotated[
    str,
    typer.Argument(
        help="A Python file, module:NAME, an OpenAPI file, mcp:COMMAND, rows, bfcl or tau:DOMAIN@FOLDER."
    ),
]
LintedName = Annotated[
    str,
    typer.Argument(
        help="A Python file, module:NAME, an OpenAPI file, JSON tools, mcp:COMMAND, rows, bfcl, tau:DOMAIN@…"
    ),
]
EvaluatedSpec = Annotated[
    str,
    typer.Option(
        "--model",
        help="smollm2-135m, a directory, http(s)://host/v1#name, scripted:file, or policy:NAME.",
    ),
]
