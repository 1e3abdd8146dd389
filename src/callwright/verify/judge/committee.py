"""Several judges, asked about the same rows at the same time; their votes make a decision per row."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from pathlib import Path

from callwright.errors import ConfigError, DataError
from callwright.models import Model, open_model
from callwright.models.http import HttpModel, Journal, shown_spec, url_and_name
from callwright.models.prices import split_price
from callwright.record import Trajectory
from callwright.verify.judge.account import Account, Used
from callwright.verify.judge.asking import LEAST, LIMITS, Judge, Limits, votes_of
from callwright.verify.judge.decision import MIN_RATING, Decision, Vote, decide
from callwright.verify.judge.scale import BEST
from callwright.verify.judge.transcript import turns


class Committee:
    """Judges that vote on rows; `account` sums up what they did."""

    def __init__(
        self,
        judges: Sequence[Judge],
        *,
        min_rating: float = MIN_RATING,
        limits: Limits = LIMITS,
    ) -> None:
        if not judges:
            raise ConfigError("a committee needs a judge")
        if not 0 <= min_rating <= BEST:
            raise ConfigError("not a rating", place="min_rating", expected="0 to 5", got=str(min_rating))
        if limits.chars < LEAST or limits.tokens < 1:
            expected = f"at least {LEAST} characters of a row and one token of an answer"
            raise ConfigError("a judge can not work with these limits", expected=expected, got=str(limits))
        self.judges = tuple(judges)
        self.min_rating = min_rating
        self.limits = limits
        self.account = Account.of([(judge.name, judge.price) for judge in judges])

    def judge(self, rows: Sequence[Trajectory]) -> list[Decision]:
        """Return the decision on each row; every judge is asked about all rows in one go.

        A row without an assistant turn is not asked about. Raises `ModelError` where a judge does not answer:
        what is in flight ends first, and is in the journal, if there is one.
        """
        votes: list[list[Vote]] = [[] for _ in rows]
        askable = [k for k, t in enumerate(rows) if turns(t)]
        if askable:
            for number, (said, used) in enumerate(self._ask([rows[k] for k in askable])):
                self.account.spend(number, used)
                for k, vote in zip(askable, said, strict=True):
                    votes[k].append(vote)
        decisions = [decide(t, said, self.min_rating) for t, said in zip(rows, votes, strict=True)]
        for decision in decisions:
            self.account.add(decision)
        return decisions

    def _ask(self, rows: Sequence[Trajectory]) -> list[tuple[list[Vote], Used]]:
        """Return what each judge says; they are asked at the same time, each in a thread."""
        stop = threading.Event()

        def go_on(_: int) -> None:
            if stop.is_set():
                raise _Stopped

        if len(self.judges) == 1:
            return [votes_of(self.judges[0], rows, self.limits, go_on)]
        with ThreadPoolExecutor(len(self.judges)) as pool:
            try:
                asked = [pool.submit(votes_of, judge, rows, self.limits, go_on) for judge in self.judges]
                wait(asked, return_when=FIRST_EXCEPTION)
            finally:  # also on Ctrl-C: the judges end with what they have in flight
                stop.set()
        return _results(asked)


class _Stopped(Exception):
    """Another judge failed, or the user gave up."""


_Asked = Future[tuple[list[Vote], Used]]


def _results(asked: Sequence[_Asked]) -> list[tuple[list[Vote], Used]]:
    for one in asked:
        error = one.exception()
        if error is not None and not isinstance(error, _Stopped):
            raise error
    return [one.result() for one in asked]


def open_committee(
    specs: Sequence[str],
    *,
    journal: Path | None = None,
    min_rating: float = MIN_RATING,
    limits: Limits = LIMITS,
    concurrency: int = 8,
    embedded: Callable[[], Path] | None = None,
) -> Committee:
    """Return a committee of the models that `specs` name.

    A spec is one of `open_model`, or ``http://host/v1:name``; ``@IN/OUT`` behind it are dollars per million
    prompt and completion tokens. `concurrency` is requests at a time per judge. Answers of servers are kept
    in `journal`, one file for all judges, so that a second run asks nothing twice. Raises `ConfigError` for a
    spec that names no model, and for two judges that are the same.
    """
    read = [split_price(spec) for spec in specs]
    models = [_canonical(spec) for spec, _ in read]
    twice = [spec for spec, count in Counter(models).items() if count > 1]
    if twice:
        raise ConfigError(
            "two judges are the same model", got=shown_spec(twice[0]), hint="name each judge once"
        )
    kept = _journal(journal) if journal is not None and any(map(_is_http, models)) else None
    opened = [_open(spec, kept, concurrency, embedded) for spec in models]
    names = Counter(model.name for model in opened)
    judges = [
        Judge(model.name if names[model.name] == 1 else shown_spec(spec), model, price)
        for spec, model, (_, price) in zip(models, opened, read, strict=True)
    ]
    return Committee(judges, min_rating=min_rating, limits=limits)


def _is_http(spec: str) -> bool:
    return spec.startswith(("http://", "https://"))


def _canonical(spec: str) -> str:
    """Return a spec that is equal for equal models."""
    if _is_http(spec):
        url, name = url_and_name(spec)
        return f"{url.rstrip('/')}#{name}"
    scripted, colon, path = spec.partition(":")
    if colon and scripted == "scripted":
        return f"scripted:{Path(path).resolve()}"
    return str(Path(spec).resolve()) if spec and Path(spec).is_dir() else spec


def _open(spec: str, journal: Journal | None, concurrency: int, embedded: Callable[[], Path] | None) -> Model:
    if _is_http(spec):
        return HttpModel(*url_and_name(spec), journal=journal, concurrency=concurrency)
    return open_model(spec, embedded=embedded)


def _journal(path: Path) -> Journal:
    """Open the journal, and see that it can be written before anything is paid for."""
    try:
        journal = Journal(path)
        with path.open("a", encoding="utf-8"):
            return journal
    except OSError as error:
        raise DataError("the journal can not be written", place=str(path), got=str(error)) from None
