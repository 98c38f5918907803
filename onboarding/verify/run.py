"""All parts, each in a process of its own, as many at once as there are cores for."""

from __future__ import annotations

import os
import platform
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from onboarding.errors import DefinitionError
from onboarding.verify import PARTS
from onboarding.verify.alone import part_of, run_alone
from onboarding.verify.databases import place_of
from onboarding.verify.mutants import without
from onboarding.verify.plan import Plan, Progress
from onboarding.verify.rehearsal import flows_of
from onboarding.verify.report import PartResult, Report

__all__ = ["verify"]

_WIDE = frozenset({"crash", "owners", "controls"})
"""Parts that use every core by themselves."""
_LONG = ("secrets", "storage", "simulation", "bad-input")
"""Parts on one core that take longest: they begin first, so that no core waits for them at the end."""
_ON_A_SERVER = frozenset({"crash", "owners", "secrets", "controls"})
_AS_EVER = "it does not stand on the journal that was given: it was tried as without it, in memory and in files"
_WHOLE = "undisturbed"
"""The case of the simulation in which each flow is played once, and nothing goes wrong."""
_QUICK, _QUICK_ON_A_SERVER, _FULL = 120.0, 300.0, 3600.0
"""Seconds for one part, after which something hangs."""


def _silent(what: object) -> None:
    del what


def verify(
    *,
    seed: int = 1,
    full: bool = False,
    parts: Sequence[str] = (),
    flows: Sequence[str] = (),
    case: str | None = None,
    mutant: str | None = None,
    journal: str | None = None,
    jobs: int | None = None,
    command: str = "",
    tell: Callable[[Progress], None] = _silent,
    ended: Callable[[PartResult], None] = _silent,
) -> Report:
    """Run the verifier against the shipped sandbox.

    Args:
        seed: all chance comes from it: the same one tries the same cases.
        full: everything, instead of a sample.
        parts: their names; without, all of them.
        flows: names of installed flows or ``package.module:Class``; without, all that are installed.
        case: one case of one part to do again, by its name.
        mutant: a guard of the product to leave out, to see that this is found.
        journal: the address of a PostgreSQL server, on which what stands on a durable journal is tried; its user may
            make databases. Without, journals are files.
        jobs: processes at once; without, as many as there are cores.
        command: how this was asked for, for the report.
        tell: called when a part has come further, from any thread.
        ended: called when a part has ended, from any thread.

    Raises:
        SettingsError: there is no such part; no database can be made for the journal.
        JournalError: its server cannot be reached.
        MissingExtra: it needs the extra ``postgres``.
        UnknownFlow: there is no such flow.
        DefinitionError: one of the flows does not end well even where nothing goes wrong: nothing could be compared.
    """
    names = list(dict.fromkeys(parts)) or list(PARTS)
    for name in names:
        part_of(name)
    flows_of(flows)
    with without(mutant):
        pass  # there is such a guard
    place = None if journal is None else place_of(journal)
    jobs = jobs or os.cpu_count() or 1
    began = datetime.now(UTC)
    with tempfile.TemporaryDirectory(prefix="onboarding-verify-") as folder:
        plan = Plan(
            folder=Path(folder), seed=seed, full=full, flows=tuple(flows), case=case, mutant=mutant, jobs=jobs,
            journal=journal, tell=tell,
        )  # fmt: skip
        if flows and case is None:
            _played(plan)
        results = _all(names, plan, ended)
    return Report(
        version=version("onboarding"), seed=seed, full=full, began=began.isoformat(timespec="seconds"),
        machine=_machine(jobs), command=command, parts=tuple(results[name] for name in names),
        flows=tuple(flows), mutant=mutant, journal=place,
    )  # fmt: skip


def _played(plan: Plan) -> None:
    """Play each flow that was named once, before all parts stumble over the same."""
    found = run_alone("simulation", replace(plan, case=_WHOLE, mutant=None, tell=_silent), timeout=_QUICK).findings
    if found:
        broken = f"{', '.join(plan.flows)} cannot be played: "
        raise DefinitionError(
            "; ".join(f"{broken if not each.case.startswith(f'{_WHOLE} ') else ''}{each.what}" for each in found)
        )


def _all(names: Sequence[str], plan: Plan, ended: Callable[[PartResult], None]) -> dict[str, PartResult]:
    results: dict[str, PartResult] = {}
    free = _Cores(plan.jobs)

    def one(name: str) -> None:
        wanted = plan.jobs if name in _WIDE else 1
        with free.taken(wanted):
            began = time.monotonic()
            quick = _QUICK if plan.journal is None else _QUICK_ON_A_SERVER
            result = run_alone(name, replace(plan, jobs=wanted), timeout=_FULL if plan.full else quick)
            skipped = result.skipped
            if plan.journal is not None and name not in _ON_A_SERVER:
                skipped = (*skipped, _AS_EVER)
            results[name] = replace(result, seconds=round(time.monotonic() - began, 1), skipped=skipped)
        ended(results[name])

    with ThreadPoolExecutor(max_workers=max(1, len(names))) as pool:
        # The wide ones last: they fill no gap.
        order = sorted(names, key=lambda name: (name in _WIDE, name not in _LONG, [*_LONG, *names].index(name)))
        for done in [pool.submit(one, name) for name in order]:
            done.result()
    return results


class _Cores:
    """So many cores, given out in the order in which they are asked for."""

    def __init__(self, number: int) -> None:
        self._free = number
        self._turn = threading.Condition()
        self._queue: list[object] = []

    @contextmanager
    def taken(self, number: int) -> Iterator[None]:
        ticket = object()
        with self._turn:
            self._queue.append(ticket)
            self._turn.wait_for(lambda: self._queue[0] is ticket and self._free >= number)
            self._queue.pop(0)
            self._free -= number
            self._turn.notify_all()
        try:
            yield
        finally:
            with self._turn:
                self._free += number
                self._turn.notify_all()


def _machine(jobs: int) -> str:
    return (
        f"Python {platform.python_version()}, {platform.system()} {platform.release()} {platform.machine()}, "
        f"{os.cpu_count()} cores, {jobs} processes at once"
    )
