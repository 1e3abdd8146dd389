"""What a Prometheus server asks of this one: requests, tokens, times, and how much there is to do."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from callwright.models.writing import Writer
from callwright.serve.answers import Answer

SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)


class Metrics:
    """The figures of one server."""

    def __init__(self, writer: Writer) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "callwright_requests",
            "Requests by route and status code.",
            ["route", "code"],
            registry=self._registry,
        )
        self.gone = Counter(
            "callwright_disconnects",
            "Clients that went before their answer was over.",
            registry=self._registry,
        )
        self._tokens = Counter(
            "callwright_tokens", "Tokens that were read and written.", ["kind"], registry=self._registry
        )
        self.first = self._seconds("first", "Seconds until the first text or call.")
        self._whole = self._seconds("answer", "Seconds of a whole answer.")
        self._gauge("running", "Answers that are being written.", lambda: writer.load.running)
        self._gauge("waiting", "Answers that have not been begun.", lambda: writer.load.waiting)

    def _seconds(self, name: str, what: str) -> Histogram:
        return Histogram(f"callwright_{name}_seconds", what, buckets=SECONDS, registry=self._registry)

    def _gauge(self, name: str, what: str, value: Callable[[], float]) -> None:
        Gauge(f"callwright_{name}", what, registry=self._registry).set_function(value)

    def add(self, answer: Answer, seconds: float) -> None:
        """Count an answer that is over."""
        self._tokens.labels("read").inc(answer.prompt_tokens)
        self._tokens.labels("written").inc(answer.completion_tokens)
        self._whole.observe(seconds)

    def text(self) -> bytes:
        """Return all figures in Prometheus' text format."""
        found: bytes = generate_latest(self._registry)
        return found
