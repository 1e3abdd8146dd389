"""Files that can be trusted: rows in and out, reports, and run directories.

Everything that ends up on disk is written beside its final name and renamed when complete, so that whatever
carries a final name is whole. A report (of a stage) and a marker (of a run) come last and say so.

    >>> with Sink(Path("out.jsonl"), "verify", {"strict": True}) as sink:      # doctest: +SKIP
    ...     for row in read(Path("in.jsonl")):
    ...         sink.put(row)
"""

from callwright.store.compression import BROKEN, open_bytes
from callwright.store.files import row_seed, sha256_file, sha256_text, write_json_atomic
from callwright.store.lines import read, read_lines, read_some, refuse_others, row_of
from callwright.store.outputs import dropped_path, refuse_to_overwrite, report_path
from callwright.store.run import Run, StageResult
from callwright.store.sink import Report, Sink, encoded, together

__all__ = [
    "BROKEN",
    "Report",
    "Run",
    "Sink",
    "StageResult",
    "dropped_path",
    "encoded",
    "open_bytes",
    "read",
    "read_lines",
    "read_some",
    "refuse_others",
    "refuse_to_overwrite",
    "report_path",
    "row_of",
    "row_seed",
    "sha256_file",
    "sha256_text",
    "together",
    "write_json_atomic",
]
