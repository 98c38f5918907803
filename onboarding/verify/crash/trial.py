"""One case from its beginning to its end: a person is cast, processes are started and killed, the end is judged."""

from __future__ import annotations

import asyncio
import http.client
import shutil
import signal
import ssl
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, Self, TypeAlias
from urllib.parse import urlsplit

import httpx

from onboarding.api import AccountApi
from onboarding.api.effects import Effect
from onboarding.engine import Journey
from onboarding.errors import DefinitionError
from onboarding.journal import Status, TransitionRecord
from onboarding.machine import Flow
from onboarding.sandbox import SandboxConfig, SandboxDesk
from onboarding.service import Onboarding
from onboarding.settings import Settings
from onboarding.verify.crash.broker import OVERLAPS
from onboarding.verify.crash.cases import LATE, START, Case, Point, Seen
from onboarding.verify.crash.child import in_child
from onboarding.verify.crash.user import attend, ledger_of
from onboarding.verify.crash.watch import Blow, Watch, blow_again, first_blow
from onboarding.verify.crash.wrapped import WatchedTransport, watched
from onboarding.verify.databases import Databases, databases_of
from onboarding.verify.plan import Plan
from onboarding.verify.reckoning import Baseline, judge
from onboarding.verify.rehearsal import Role, cast

__all__ = ["Rehearsal", "Run", "Stage", "Verdict", "rehearse", "trial"]

COOLDOWN, LANDING_DELAY = 0.25, 0.3
_SETTINGS: dict[str, Any] = {
    "landing_delay": timedelta(seconds=LANDING_DELAY), "cooldown": timedelta(seconds=COOLDOWN),
    "poll_every": timedelta(seconds=0.05), "backoff_base": timedelta(seconds=0.05),
    "backoff_cap": timedelta(seconds=0.2),
}  # fmt: skip
"""Short, so that what is waited for in earnest takes moments here; what is late lands sooner than the delay."""
_PATIENCE = 12.0
"""Seconds that a journey may take to come to its end."""
_SLACK = 0.03
"""Seconds that may be missing: two clocks of a machine."""
_Place: TypeAlias = Mapping[str, Any]
"""The settings that name a journal."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What all cases share.

    Attributes:
        plan: what is to be verified.
        url: the broker.
        tls: a context that is made once, because that takes long; nothing is encrypted.
        settings: those that all have in common, for the same reason.
        databases: where the journals are, if on a server.
    """

    plan: Plan
    url: str
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    settings: Settings = field(default_factory=lambda: Settings(**_SETTINGS))
    databases: Databases | None = None

    @classmethod
    def of(cls, plan: Plan, url: str) -> Self:
        """The stage of a plan: where its journals are on a server, they can be made there from now on."""
        databases = databases_of(plan)
        if databases is not None:
            databases.prepare()
        return cls(plan, url, databases=databases)

    @contextmanager
    def journal(self, folder: Path) -> Iterator[dict[str, Any]]:
        """A new journal for a case, by its folder: the settings that name it. It is gone afterwards."""
        if self.databases is None:
            yield {"journal": f"sqlite:///{folder / 'private' / 'journal.db'}"}
            return
        self.databases.make(folder.name)
        try:
            yield self.databases.settings(folder.name)
        finally:
            self.databases.empty(folder.name)

    @property
    def desk(self) -> SandboxDesk:
        """The broker's desk."""
        return SandboxDesk(self.url)


@dataclass(frozen=True, slots=True)
class Run:
    """How a journey ended in the process that brought it to its end."""

    journey: Journey
    history: Sequence[TransitionRecord]
    seen: Sequence[Seen]
    asked: tuple[str, ...] = ()
    """Why a person had to say what became of a request, each time."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a case."""

    case: str
    kills: int
    faults: tuple[str, ...]
    doubled: int = 0
    missing: int = 0
    asked: int = 0
    doubts: int = 0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What an undisturbed run of a flow did.

    Attributes:
        baseline: for the judge.
        seen: what it wrote and requested.
        modules: what it has imported: who forks many such processes imports it before.
    """

    baseline: Baseline
    seen: Sequence[Seen]
    modules: Sequence[str]


def rehearse(stage: Stage, flow: type[Flow]) -> Rehearsal | str:
    """Run a flow undisturbed; a sentence where it does not come to a good end even so."""
    name = flow.definition.name
    try:
        role = cast(flow, stage.desk, stage.plan.rng("crash", name))
    except DefinitionError as error:
        return str(error)
    folder = stage.plan.folder / f"baseline-{name}"
    case = Case(name, "", Point.ALIVE)
    with stage.journal(folder) as place:
        killed, done = in_child(
            lambda: (_drive(stage, flow, role, place, Watch(flow.definition), case), list(sys.modules))
        )
    shutil.rmtree(folder, ignore_errors=True)
    if done is None or done[0].journey.status is not Status.DONE:
        where = (
            f" but {done[0].journey.status.value} in {done[0].journey.state}" if done is not None else f" ({killed})"
        )
        raise RuntimeError(f"{name} does not end well even when nothing goes wrong{where}")
    run, modules = done
    return Rehearsal(Baseline.of(run.journey, run.history, ledger_of(stage.desk, role)), run.seen, modules)


def trial(stage: Stage, flow: type[Flow], case: Case, baseline: Baseline) -> Verdict:
    """Do one case."""
    rng = stage.plan.rng("crash", case.name)
    role = cast(flow, stage.desk, rng)
    folder = stage.plan.folder / case.name.replace("/", "+")
    folder.mkdir()
    diary = folder / "diary"
    blows = [blow for blow in (first_blow(case), blow_again(case)) if blow is not None]
    kills, run, death = 0, None, time.monotonic()
    missed = False
    with stage.journal(folder) as place:
        for blow in (*blows, Blow()):
            watch = Watch(flow.definition, folder.name, blow, rng, diary)
            ended, run = in_child(partial(_drive, stage, flow, role, place, watch, case))
            death = time.monotonic() if not kills else death
            kills += ended == -signal.SIGKILL
            if ended != -signal.SIGKILL:
                missed = not kills and blow.at in _CERTAIN
                break
    # What is late must have landed before it is counted.
    time.sleep(max(0.0, death + LATE + 0.05 - time.monotonic()))
    overlaps = _overlaps(stage, folder.name)
    faults = _times(flow, case, diary)
    if missed:
        faults.append("its process was not killed: it never came to where that was to be")
    if overlaps:
        faults.append("a request was sent again while the first one was still on its way")
    shutil.rmtree(folder, ignore_errors=True)
    if run is None:
        return Verdict(case.name, kills, (*faults, f"a process came to no end of its own ({ended})"))
    judged = judge(flow, baseline, run.journey, run.history, ledger_of(stage.desk, role))
    if run.asked and not _may_ask(flow, case, run.asked):
        faults.append("a person was asked what its check could have told")
    faults += judged.faults
    doubts = sum(row.trigger == "in_doubt" or (row.detail or "").startswith("in doubt") for row in run.history)
    detail = _told(run.history) if faults else ""
    return Verdict(case.name, kills, tuple(faults), judged.doubled, judged.missing, len(run.asked), doubts, detail)


_CERTAIN = ("before", "commit", "after")
"""The moments of a write in which a process dies for certain; within its COMMIT, it may be too late."""


def _may_ask(flow: type[Flow], case: Case, asked: Sequence[str]) -> bool:
    """Whether it was honest to ask: nothing is there to tell, it cannot tell, or it was disturbed itself."""
    step = flow.definition.steps.get(case.state)
    return step is None or step.check is None or bool(case.again) or all(why.endswith("cannot tell") for why in asked)


def _times(flow: type[Flow], case: Case, diary: Path) -> list[str]:
    """What was sent unintended, or again too soon, or looked into before a late request would have landed."""
    lines = [line.split() for line in diary.read_text("utf-8").splitlines()] if diary.exists() else []
    faults = [
        f"{state} was looked into after {float(waited):.3f} s, before a late request would have landed"
        for kind, state, waited in lines
        if kind == "looked" and float(waited) < LANDING_DELAY - _SLACK
    ]
    faults += [
        f"{state} was sent, and the journal did not say that it may have been"
        for state in dict.fromkeys(state for kind, state, _ in lines if kind == "unintended")
    ]
    if case.fate in ("forbidden", "throttled") or case.again.endswith("forbidden"):
        return faults  # what was turned away has not been sent, and may come at once
    for state in dict.fromkeys(state for kind, state, _ in lines if kind == "sent"):
        if flow.definition.steps[state].effect is Effect.REPEATABLE:
            times = [float(at) for kind, name, at in lines if (kind, name) == ("sent", state)]
            early = [after - before for before, after in pairwise(times) if after - before < COOLDOWN - _SLACK]
            faults += [f"{state} was sent again after {wait:.3f} s, within its cooldown" for wait in early]
    return faults


def _overlaps(stage: Stage, ward: str) -> int:
    """How many requests of the case came while the same one was still on its way."""
    connection = http.client.HTTPConnection(urlsplit(stage.url).netloc)
    try:
        connection.request("GET", f"{OVERLAPS}{ward}")
        return int(connection.getresponse().read())
    finally:
        connection.close()


def _told(history: Sequence[TransitionRecord]) -> str:
    return "\n".join(
        f"{row.at:%H:%M:%S.%f} {row.source or '-'} -> {row.dest} ({row.trigger}) {row.endpoint or ''} "
        f"{row.detail or ''}"
        for row in history
    )


def _drive(stage: Stage, flow: type[Flow], role: Role, place: _Place, watch: Watch, case: Case) -> Run:
    return asyncio.run(_play(stage, flow, role, place, watch, case))


async def _play(stage: Stage, flow: type[Flow], role: Role, place: _Place, watch: Watch, case: Case) -> Run:
    """Everything that a user does: starts (with a key, so again is no harm), answers, looks after what is parked.

    What is started is begun at once, by the commit that stores it; for the cases of the start itself, it is stored
    first, and found by the worker later.
    """
    watch.listen()
    config = SandboxConfig()
    settings = stage.settings.model_copy(update=dict(place))
    way_out = WatchedTransport(watch, httpx.AsyncHTTPTransport(verify=stage.tls, trust_env=False))
    async with httpx.AsyncClient(transport=way_out, trust_env=False) as client:
        api = AccountApi(
            stage.url,
            tenant_id=config.tenant_id,
            token=config.token,
            client=client,
            timeout=0.5 if "hung" in case.name else 5.0,
        )
        journal = watched(settings.journal_url, watch)
        async with Onboarding(settings, flows=[flow], api=api, journal=journal, rng=watch.rng) as onboarding:
            if case.state != START:
                await watch.claimed.wait()
            journey = await onboarding.start(flow, key="verify", **role.fields)
            journey, asked = await attend(onboarding, stage.desk, flow, role, journey, _PATIENCE)
            history = await onboarding.history(journey.id)
        await api.aclose()
    return Run(replace(journey, data=None), history, tuple(watch.seen), asked)
