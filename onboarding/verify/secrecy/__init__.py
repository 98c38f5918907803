"""The part ``secrets``: canaries for everything secret or personal, and nothing of them anywhere but in sealed data.

From the inside out:

- ``scanner``: finds canaries in bytes and text, in every form; ``canaries``: those of a run
- ``house``: where a flow is played; ``scenes``: what people do, and what goes wrong
- ``files``, ``logs``, ``errors``, ``objects``, ``processes``: the places where something could lie
- ``ruins``: journals that cannot be read; ``evidence``: all that one flow leaves; ``program``: the command line
- ``controls``: in every place and in every form, what was hidden there on purpose is found
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import ClassVar

from onboarding.sandbox import Sandbox, SandboxConfig, SandboxDesk, SandboxServer
from onboarding.testing import VirtualClock
from onboarding.verify.databases import Databases, databases_of, swept
from onboarding.verify.mutants import without
from onboarding.verify.plan import Plan, Progress
from onboarding.verify.rehearsal import flows_of
from onboarding.verify.report import Finding, PartResult
from onboarding.verify.secrecy.canaries import Canaries
from onboarding.verify.secrecy.controls import controls
from onboarding.verify.secrecy.evidence import Evidence, evidence_of
from onboarding.verify.secrecy.processes import HAS_PROC
from onboarding.verify.secrecy.program import looks, looks_on_server, program_runs
from onboarding.verify.secrecy.scanner import Scanner
from onboarding.verify.secrecy.server import evidence_on_server, rows_on_server

__all__ = ["Secrets"]

_PROGRAM, _CONTROLS, _SERVER = "command-line", "controls", "server"
_KEY_FILE = "the key file"


class Secrets:
    """Canaries as every password, code, ticket, token, number, name and address, through every flow and error."""

    name: ClassVar[str] = "secrets"
    promise: ClassVar[str] = (
        "no secret and no personal datum is in the journal's bytes, a log, an exception, a repr, a pickle, the "
        "program's output, a temporary file or the list of processes, in whichever form"
    )

    def run(self, plan: Plan) -> PartResult:
        """Try it."""
        began = time.monotonic()
        search = _Search(plan)
        with without(plan.mutant):
            search.flows()
            search.program()
            with swept(plan):
                search.server()
        search.controls()
        skipped = () if HAS_PROC else ("there is no /proc here: the list of processes and environments were not read",)
        return PartResult(
            part=self.name, cases=search.counts["scenes"] + search.counts["command line calls"], counts=search.counts,
            findings=tuple(search.findings), skipped=skipped, seconds=time.monotonic() - began,
        )  # fmt: skip


class _Search:
    """One run."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._token = f"token-{plan.rng('secrets', 'token').getrandbits(64):016x}-7"
        self._left: list[Evidence] = []
        self._scanners: dict[int, tuple[Scanner, Scanner, Canaries]] = {}
        self._done = 0
        self.findings: list[Finding] = []
        names = ("scenes", "journeys", "exceptions", "command line calls", "canaries", "KiB searched", "hits")
        self.counts: Counter[str] = Counter(dict.fromkeys((*names, "planted", "found"), 0))

    def flows(self) -> None:
        """Play the scenes of every flow, and search what they leave."""
        plan, clock = self._plan, VirtualClock()
        wanted = plan.case.partition("/")[0] if plan.case is not None else None
        chosen = [flow for flow in flows_of(plan.flows) if wanted in (None, flow.definition.name)]
        if plan.case in (_PROGRAM, _CONTROLS, _SERVER):
            chosen = flows_of(plan.flows)[:1]
        config = SandboxConfig(token=self._token, seed=plan.seed)
        with SandboxServer(Sandbox(config, clock=clock)) as server:
            desk = SandboxDesk(server.url)
            for number, flow in enumerate(chosen):
                name, turn = flow.definition.name, (number, len(chosen))
                folder = plan.folder / f"flow {name}"
                found = asyncio.run(evidence_of(plan, flow, turn, folder, desk, clock, self._token))
                self._left.append(found)
                self.counts.update(scenes=found.scenes, journeys=len(found.journeys), exceptions=found.errors)
                self.counts["canaries"] += len(found.canaries.all)
                self._look(name, found.places, found.canaries)
                found.places.clear()
                self._tell(len(chosen) + 2)

    def server(self) -> None:
        """Play scenes on the server that was given, and search all rows there; then one that was put there."""
        plan, clock = self._plan, VirtualClock()
        databases = databases_of(plan)
        if databases is None or not plan.wants(_SERVER):
            return
        databases.prepare()
        chosen = plan.sample("secrets server", flows_of(plan.flows), 1)
        with SandboxServer(Sandbox(SandboxConfig(token=self._token, seed=plan.seed), clock=clock)) as server:
            desk = SandboxDesk(server.url)
            for number, flow in enumerate(chosen):
                turn, folder = (number, len(chosen)), plan.folder / f"server {flow.definition.name}"
                found = asyncio.run(evidence_on_server(plan, flow, turn, folder, desk, clock, self._token, databases))
                self.counts.update(scenes=found.scenes, journeys=len(found.journeys), exceptions=found.errors)
                self.counts["canaries"] += len(found.canaries.all)
                self._look(_SERVER, found.places, found.canaries)
                named = {"ONBOARDING_JOURNAL": databases.url(found.flow), "ONBOARDING_KEYS": databases.key}
                for seen in looks_on_server(plan, found, named):
                    self.counts["command line calls"] += "output" in seen.place
                    if seen.failed:
                        self.findings.append(Finding(_SERVER, f"nothing was proved by {seen.place}: the call failed"))
                    self._look(_SERVER, [(seen.place, seen.content)], seen.canaries)
                self._plant(databases, flow.definition.name)

    def _plant(self, databases: Databases, case: str) -> None:
        # A word of its own: what is put there in plain lies in the server's log of changes for long, and would be
        # found again as a leak of the next flow, or of the next run with this seed.
        word = f"planted-{self._plan.rng('secrets', 'planted', case).getrandbits(64):016x}"
        databases.ask_in(case, "INSERT INTO meta (name, value) VALUES ('planted', %s)", word.encode())
        scanner = Scanner({"the planted word": word})
        hit = any(scanner.scan(each) for _, each in rows_on_server(databases, case, full=False))
        self.counts.update(planted=1, found=int(hit))
        if not hit:
            self.findings.append(Finding(_SERVER, "a word was put into a row on the server, and not found"))

    def program(self) -> None:
        """Run the command line, and search what others see of it."""
        plan = self._plan
        if not plan.wants(_PROGRAM):
            return
        with SandboxServer(Sandbox(SandboxConfig(token=self._token, seed=plan.seed))) as server:
            for seen in (
                *looks(plan, self._left, 4 if plan.full else 2),
                *program_runs(plan, flows_of(plan.flows), SandboxDesk(server.url), self._token),
            ):
                self.counts["command line calls"] += "output" in seen.place
                if seen.failed:
                    self.findings.append(Finding(_PROGRAM, f"nothing was proved by {seen.place}: the call failed"))
                self._look(_PROGRAM, [(seen.place, seen.content)], seen.canaries)
        self._tell(self._done + 2)

    def controls(self) -> None:
        """Hide canaries where they must be found."""
        if not self._left or not self._left[0].journeys or not self._plan.wants(_CONTROLS):
            return
        left = self._left[0]
        for control in controls(self._plan, left.folder / "journal.db", left.journeys[0]):
            self.counts.update(planted=control.planted, found=control.planted - len(control.missed))
            if control.missed:
                missed = ", ".join(control.missed)
                self.findings.append(Finding(_CONTROLS, f"what was hidden in {control.place} was not found: {missed}"))
        self._tell(self._done + 1)

    def _look(self, case: str, places: list[tuple[str, bytes | str]], canaries: Canaries) -> None:
        values, keys = self._scanners_of(canaries)
        told: set[tuple[str, str]] = set()
        for place, content in places:
            self.counts["KiB searched"] += len(content) // 1024
            for hit in (*values.scan(content), *([] if place.startswith(_KEY_FILE) else keys.scan(content))):
                self.counts["hits"] += 1
                if (place, hit.canary) not in told:
                    told.add((place, hit.canary))
                    scene = canaries.cases.get(hit.canary)
                    replay = f"{case}/{scene}" if scene is not None and case != _PROGRAM else case
                    self.findings.append(Finding(replay, f"{hit.canary} is in {place}, {hit.form}"))

    def _scanners_of(self, canaries: Canaries) -> tuple[Scanner, Scanner]:
        """For its values, and for its keys, which may be in their file; made once, when all of them are known."""
        if id(canaries) not in self._scanners:
            self._scanners[id(canaries)] = (Scanner(canaries.values), Scanner(canaries.keys), canaries)
        return self._scanners[id(canaries)][:2]

    def _tell(self, total: int) -> None:
        self._done += 1
        self._plan.tell(Progress(Secrets.name, self._done, max(total, self._done)))
