"""The families of cases, by the first word of a case's name, and which cases there are."""

from __future__ import annotations

from importlib import import_module

from onboarding.verify.plan import Plan

__all__ = ["FAMILIES", "cases_of"]

FAMILIES = {
    "cut": "onboarding.verify.storage.power_cut",
    "fault": "onboarding.verify.storage.write_faults",
    "file": "onboarding.verify.storage.damaged_files",
    "row": "onboarding.verify.storage.damaged_rows",
}

_QUICK = {"cut": 9, "fault": 9, "file": 12, "row": 8}
"""How many of each a quick run does."""
_EVERY = 10
"""In a full run every so many thousandths of a run are a place for something to happen."""


def cases_of(plan: Plan) -> list[str]:
    """The names of the cases of a plan: the same for the same plan."""
    if plan.case is not None:
        return [plan.case]
    found = []
    for family, module in FAMILIES.items():
        names: list[str] = import_module(module).cases(range(0, 1000, _EVERY))
        found += plan.sample(family, names, _QUICK[family])
    return found
