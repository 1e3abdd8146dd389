"""ToolBench's queries as a benchmark: which back ends answer, how to search, and what scores depend on.

>>> world = ToolBench(read_queries(Path("solvable_queries")), method="CoT@1")      # doctest: +SKIP
>>> task = world.tasks[0]      # doctest: +SKIP
>>> recite(world.reset(task), world.gold(task)).scores["gold_api_recall"]      # doctest: +SKIP
1.0
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from callwright.evaluate.prompting import prompt_for
from callwright.evaluate.toolbench.apis import Offer, offer
from callwright.evaluate.toolbench.cache import Cache
from callwright.evaluate.toolbench.environment import Environment, ModelFor
from callwright.evaluate.toolbench.gold import gold_calls, gold_replies, unreachable
from callwright.evaluate.toolbench.prompts import SHA256, TASK
from callwright.evaluate.toolbench.queries import Queries, Query
from callwright.evaluate.toolbench.responses import MAX_OBSERVATION, Backend
from callwright.evaluate.toolbench.search import MAX_CALLS, MAX_DEPTH, Search, method_named
from callwright.evaluate.toolbench.session import QuerySession
from callwright.evaluate.toolbench.simulator import Simulator
from callwright.models import Prompt
from callwright.record import Json, Message, Task, Trajectory

DEFAULT_METHOD = "DFS_woFilter_w2"


class ToolBench:
    """Queries, their functions and their back ends; nothing of it changes from one episode to the next.

    `cache` answers first, `backend` (by default a seeded simulator) what the cache does not know;
    `model_for` says which of these calls a model answers in its place. `official=False` keeps optional
    parameters everywhere and numbers functions of one name.
    """

    def __init__(
        self,
        queries: Queries,
        *,
        method: str = DEFAULT_METHOD,
        seed: int = 0,
        official: bool = True,
        cache: Cache | None = None,
        backend: Backend | None = None,
        model_for: ModelFor = "nothing",
        output_format: str = "",
        max_depth: int = MAX_DEPTH,
        max_calls: int = MAX_CALLS,
    ) -> None:
        self._queries = queries
        self._method = method_named(method)
        self._seed = seed
        self._official = official
        self._cache = cache
        self._backend: Backend = backend if backend is not None else Simulator(seed)
        self._model_for: ModelFor = model_for
        self._format = output_format
        self._max_depth, self._max_calls = max_depth, max_calls
        self._conditions = self._told()

    @property
    def conditions(self) -> dict[str, Json]:
        """Return what a score depends on."""
        return self._conditions

    @property
    def tasks(self) -> Sequence[Query]:
        """Return the queries, subset by subset."""
        return self._queries.queries

    def offer(self, query: Query) -> Offer:
        """Return the functions that are offered for a query."""
        return offer(query.apis, official=self._official)

    def reset(self, task: Query) -> QuerySession:
        """Return a new session of a query."""
        offered = self.offer(task)
        environment = Environment(
            offered, cache=self._cache, backend=self._backend, model_for=self._model_for
        )
        search = Search(
            environment,
            lambda messages: self._prompt(task, offered, messages),
            output_format=self._format,
            max_depth=self._max_depth,
            max_calls=self._max_calls,
        )
        return QuerySession(task, search, self._method, seed=self._seed, conditions=self._conditions)

    def gold(self, task: Query) -> Iterable[str]:
        """Return the replies of the reference."""
        calls = gold_calls(task, self.offer(task), self._seed, max_depth=self._max_depth)
        return gold_replies(calls, self._format)

    def unreachable(self) -> dict[str, str]:
        """Return the queries of which no run can call all relevant APIs, and why: the reference's ceiling."""
        reasons = {
            task.id: unreachable(task, self.offer(task), max_depth=self._max_depth) for task in self.tasks
        }
        return {key: reason for key, reason in reasons.items() if reason}

    def _prompt(self, query: Query, offered: Offer, messages: Sequence[Message]) -> Prompt:
        request = Message(role="user", content=query.text)
        return prompt_for(
            Trajectory(
                id=query.id,
                task=Task(instruction=TASK, output_format=self._format),
                tools=offered.tools,
                messages=(request, *messages),
            )
        )

    def _told(self) -> dict[str, Json]:
        backends = [self._cache.name] if self._cache is not None else []
        backends.append(self._backend.name)
        if self._model_for != "nothing":
            backends.append(f"model for {self._model_for}")
        expected = all(query.expected for query in self._queries.queries)
        return {
            "variant": f"{self._queries.name}/{'+'.join(backends)}/{self._method.text}",
            "measure": "expected value in the final answer" if expected else "proxy_pass (a proxy, no judge)",
            "data_sha256": self._queries.sha256,
            "rows_left_out": len(self._queries.problems),
            "cache": self._cache.folder if self._cache is not None else None,
            "seed": self._seed,
            "official_names": self._official,
            "max_depth": self._max_depth,
            "max_replies": self._max_calls if self._method.width else None,
            "max_observation": MAX_OBSERVATION,
            "output_format": self._format,
            "prompt_sha256": SHA256,
        }
