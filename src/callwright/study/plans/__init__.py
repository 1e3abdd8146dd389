"""The studies by name: each module says what its arms are."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from callwright.study.design import Study
from callwright.study.materials import Materials
from callwright.study.plans.checks import checks
from callwright.study.plans.complexity import complexity
from callwright.study.plans.domains import domains
from callwright.study.plans.factors import factors
from callwright.study.plans.formats import formats
from callwright.study.plans.mixture import mixture
from callwright.study.plans.preference import preference
from callwright.study.plans.size import size
from callwright.study.plans.unification import unification
from callwright.study.plans.verification import verification

STUDIES: Mapping[str, Callable[[Materials], Study]] = {
    "unification": unification,
    "verification": verification,
    "mixture": mixture,
    "formats": formats,
    "checks": checks,
    "complexity": complexity,
    "size": size,
    "domains": domains,
    "factors": factors,
    "preference": preference,
}
"""In the order of issue and docs; those on public data are unification, mixture and formats."""
