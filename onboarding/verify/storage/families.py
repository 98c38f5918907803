"""The families of cases, by the first word of a case's name, and which cases there are."""

from __future__ import annotations

from importlib import import_module

from onboarding.verify.plan import Plan

__all__ = ["FAMILIES", "WITHOUT_HOOK", "cases_of"]

_ROOM = "onboarding.verify.storage"
FAMILIES = {
    "cut": f"{_ROOM}.power_cut",
    "fault": f"{_ROOM}.write_faults",
    "file": f"{_ROOM}.damaged_files",
    "row": f"{_ROOM}.damaged_rows",
    "copy": f"{_ROOM}.old_copy",
    "kill": f"{_ROOM}.kills",
    "word": f"{_ROOM}.word",
    "leave": f"{_ROOM}.leaving",
    "private": f"{_ROOM}.private",
}

WITHOUT_HOOK = ("file/", "row/", "fault/held/", "leave/", "private/")
"""What can be tried where nothing can be put between SQLite and the disk."""

_QUICK = {"cut": 4, "fault": 3, "file": 2, "row": 3, "copy": 1, "kill": 2, "word": 10, "leave": 4, "private": 4}
"""How many of each a quick run does, beside those that it always does."""
_ALWAYS = (
    "cut/worn/300", "fault/full/new/520", "fault/full-once/new/520", "file/emptied/0", "file/newer/0",
    "file/open-to-all/0", "row/data-bit", "row/status", "row/history-edited", "copy/restored/450",
)  # fmt: skip
_EVERY = {
    "cut": 10,
    "fault": 40,
    "file": 20,
    "row": 1000,
    "copy": 45,
    "kill": 40,
    "word": 1000,
    "leave": 1000,
    "private": 1000,
}
"""Every so many thousandths of a run are a place for something to happen; a full run does all of them."""


def cases_of(plan: Plan) -> list[str]:
    """The names of the cases of a plan: the same for the same plan."""
    if plan.case is not None:
        return [plan.case]
    found = []
    for family, module in FAMILIES.items():
        names: list[str] = import_module(module).cases(range(0, 1000, _EVERY[family]))
        chosen = {*_ALWAYS, *plan.sample(family, names, _QUICK[family])}
        found += [name for name in names if name in chosen]
    return found
