"""What can be told of a run without a judge, each measure under a name that says what it is."""

from __future__ import annotations

import re
from typing import NamedTuple

from callwright import schema
from callwright.evaluate.toolbench.apis import FINISH, Offer
from callwright.evaluate.toolbench.layout import Call, Run, went_well
from callwright.record import Json

_REFUSALS = re.compile(
    r"\b(?:sorry|apologi[sz]e|apologies|unfortunately|unable|cannot|can not|can[’']t|could not|couldn[’']t"
    r"|not able|was not possible|wasn[’']t able|do not have|don[’']t have|not available|unavailable"
    r"|no information|not found|failed|encountered|try again)\b",
    re.IGNORECASE,
)


class Ending(NamedTuple):
    """How a run ended: `error` is empty where an answer was handed over that refuses nothing."""

    error: str
    where: str


def ending(run: Run) -> Ending:
    """Return how a run ended."""
    if not run.finished:
        return Ending("gave-up", "no call of Finish at the end")
    answer = run.given_answer
    if not answer or not answer.strip():
        return Ending("gave-up", "no answer in the call of Finish" if answer is None else "an empty answer")
    if found := _REFUSALS.search(answer):
        return Ending("gave-up", f"the answer says {found[0].lower()!r}")
    return Ending("", "")


def proxy_pass(run: Run) -> bool:
    """Tell whether a run hands over an answer without a word of refusal: a proxy, no pass rate.

    A rule of this kind agreed with StableToolBench's judge (gpt-4-turbo-2024-04-09, majority of 3) on 81.4 %
    of 9,026 published runs of 12 systems, kappa 0.62, and missed the rate of a system on a subset by 9.3
    points on average; the judge's own votes agree pairwise in 91.5 %. The words here are our own list, so
    that holds for them roughly. An agent that makes up its answers passes: good against regressions, not as
    a reward and not for a leaderboard.
    """
    return ending(run).error == ""


def gold_api_recall(run: Run, offer: Offer, relevant: tuple[tuple[str, str], ...]) -> float | None:
    """Return the share of relevant APIs that a run called and got an answer from; None where there are none.

    A poor predictor of what judges say (57.7 % agreement): many APIs lead to an answer.
    """
    if not relevant:
        return None
    reached = {api.key for call in run.calls if went_well(call) and (api := offer.named(call.name))}
    return sum(key in reached for key in relevant) / len(relevant)


def valid_call_rate(run: Run) -> float | None:
    """Return the share of API calls that name an offered function and fit its schema strictly.

    Finish does not count; None where no API was called.
    """
    schemas = {name: parameters for name, parameters in map(_schema, run.tools) if name != FINISH}
    calls = [call for call in run.calls if call.name != FINISH]
    if not calls:
        return None
    return sum(_valid(call, schemas) for call in calls) / len(calls)


def measures(run: Run, offer: Offer | None, relevant: tuple[tuple[str, str], ...]) -> dict[str, float]:
    """Return all measures of a run; those that do not apply are left out."""
    apis = [call for call in run.calls if call.name != FINISH]
    offered = {name for name, _ in map(_schema, run.tools)}
    recall = gold_api_recall(run, offer, relevant) if offer else None
    valid = valid_call_rate(run)
    return {
        **({"gold_api_recall": recall} if recall is not None else {}),
        **({"valid_call_rate": valid} if valid is not None else {}),
        "finish_rate": float(run.finished),
        "answer_rate": float(bool(run.given_answer)),
        "proxy_pass": float(proxy_pass(run)),
        "api_calls": float(len(apis)),
        "failed_calls": float(sum(not went_well(call) for call in apis)),
        "unknown_functions": float(sum(call.name not in offered for call in apis)),
    }


def _schema(tool: Json) -> tuple[str, dict[str, Json]]:
    """Return the name and the schema of a document, whatever it holds."""
    if not isinstance(tool, dict):
        return "", {}
    parameters = tool.get("parameters")
    schema_of = dict(parameters) if isinstance(parameters, dict) else {}
    schema_of.pop("optional", None)
    return str(tool.get("name")), schema_of


def _valid(call: Call, schemas: dict[str, dict[str, Json]]) -> bool:
    arguments = call.object
    if call.name not in schemas or arguments is None:
        return False
    return next(iter(schema.check(schemas[call.name], arguments)), None) is None
