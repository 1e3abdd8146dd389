"""Steps for the engine's tests, in a module of their own because worker processes import them by name."""

import os
import signal
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from callwright.errors import DataError
from callwright.record import Dropped, Trajectory
from callwright.store import row_seed


def same(rows: Iterable[Trajectory]) -> Iterator[Trajectory]:
    yield from rows


def nothing(rows: Iterable[Trajectory]) -> Iterator[Trajectory]:
    for _ in rows:
        yield from ()


def uneven(rows: Iterable[Trajectory]) -> Iterator[Trajectory | Dropped]:
    """Drop some rows and multiply others, by a seed of their own."""
    for row in rows:
        copies = row_seed(1, row.id) % 4
        if copies == 0:
            yield Dropped(
                id=row.id, stage="uneven", reason="zero", row={"id": row.id, "list": [1, None, "é"]}
            )
        for i in range(copies):
            yield Trajectory(id=f"{row.id}.{i}", extra=row.extra)


def reads_ahead(rows: Iterable[Trajectory]) -> Iterator[Trajectory]:
    yield from list(rows)


class Refused(Exception):
    """An exception that can not be pickled back: its constructor wants two arguments."""

    def __init__(self, row: str, why: str) -> None:
        super().__init__(f"{row}: {why}")


def raises_data_error(rows: Iterable[Trajectory]) -> Iterator[Trajectory]:
    for row in rows:
        if row.id == "50":
            raise DataError("bad", place=row.id, expected="good", got="worse", hint="mend it")
        yield row


def raises_key_error(rows: Iterable[Trajectory]) -> Iterator[Trajectory]:
    for row in rows:
        if row.id == "50":
            raise KeyError("fifty")
        yield row


def raises_unpicklable(rows: Iterable[Trajectory]) -> Iterator[Trajectory]:
    for row in rows:
        if row.id == "50":
            raise Refused(row.id, "no reason")
        yield row


def exits(rows: Iterable[Trajectory]) -> Iterator[Trajectory]:
    for row in rows:
        if row.id == "50":
            os._exit(7)
        yield row


def is_killed(rows: Iterable[Trajectory]) -> Iterator[Trajectory]:
    for row in rows:
        if row.id == "50":
            os.kill(os.getpid(), signal.SIGKILL)
        yield row


def asks_to_exit(rows: Iterable[Trajectory]) -> Iterator[Trajectory]:
    for row in rows:
        if row.id == "50":
            raise SystemExit(3)
        yield row


def unsendable(rows: Iterable[Trajectory]) -> Iterator[Trajectory]:
    for row in rows:
        yield Trajectory(id=row.id, extra={"lambda": lambda: None})


def first_is_slow(rows: Iterable[Trajectory]) -> Iterator[Trajectory]:
    for row in rows:
        if row.id == "0":
            time.sleep(0.3)
        yield row


def process_ids(rows: Iterable[Trajectory]) -> Iterator[Trajectory]:
    for row in rows:
        time.sleep(0.02)
        yield Trajectory(id=row.id, extra={"pid": os.getpid()})


def sleeps_after_signing(rows: Iterable[Trajectory]) -> Iterator[Trajectory]:
    """Leave the process id in the folder that the rows name, then hang."""
    for row in rows:
        (Path(row.extra["folder"]) / str(os.getpid())).write_bytes(b"")
        time.sleep(120)
        yield row
