"""A local viewer of rows and results: browse, filter and search, with what models answered side by side.

    view([Path("out/demo")], port=8001, ready=print)

`rows` reads the files, `app` serves them to this machine; page, style and script lie beside them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from callwright.errors import ExtraMissing

__all__ = ["view"]
HOST = "127.0.0.1"


def view(places: Sequence[Path], port: int, ready: Callable[[str], None]) -> None:
    """Show files of rows and results, and those in the folders of runs, until interrupted.

    `ready` is told what is shown where. Raises `ConfigError` for what is not there, `DataError` for a file
    of something else.
    """
    try:
        import uvicorn

        from callwright.report.viewer.app import create_app
    except ImportError as error:
        raise ExtraMissing(
            f"the viewer needs the package {error.name!r}", hint="pip install 'callwright[serve]'"
        ) from None
    from callwright.report.viewer.files import opened

    files = opened(places)
    rows = sum(len(file.entries) for file in files)
    ready(f"{rows:,} rows of {len(files)} files at http://{HOST}:{port}/ (Ctrl-C stops)")
    uvicorn.run(create_app(files), host=HOST, port=port, log_level="warning", server_header=False)
