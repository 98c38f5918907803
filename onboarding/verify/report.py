"""What a verification found: plain data that goes into JSON and into a page."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Protocol

from onboarding.verify.plan import Plan

__all__ = ["Finding", "Part", "PartResult", "Report"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A promise that did not hold.

    Attributes:
        case: the name of the case, to do it again: ``onboarding verify --part PART --case CASE --seed N``.
        what: what happened, in a sentence; nothing secret, nothing personal.
        detail: more, for whoever looks into it: a journey's history, an exception's type.
    """

    case: str
    what: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartResult:
    """What one part did and found.

    Attributes:
        part: its name.
        cases: how many cases were done.
        counts: what was done in them: ``{"kills": 412, "effects doubled": 0}``. What begins with a bracket is shown to
            programs alone.
        findings: what did not hold; empty is well.
        skipped: what could not be tried here, and why, a sentence each: it is shown, never passed over.
        seconds: how long it took.
    """

    part: str
    cases: int
    counts: Mapping[str, int] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    skipped: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether every promise held, and something was tried."""
        return not self.findings and self.cases > 0


class Part(Protocol):
    """A part of the verifier. It blocks, and brings its own loops, processes and servers."""

    name: ClassVar[str]
    """As the command line names it: ``crash``."""
    promise: ClassVar[str]
    """What must hold, in a sentence."""

    def run(self, plan: Plan) -> PartResult:
        """Try it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A whole verification."""

    version: str
    seed: int
    full: bool
    began: str
    machine: str
    command: str
    parts: tuple[PartResult, ...]
    flows: tuple[str, ...] = ()
    mutant: str | None = None
    journal: str | None = None
    """The server that was given for journals, without the password."""

    @property
    def passed(self) -> bool:
        """Whether every part passed."""
        return bool(self.parts) and all(part.passed for part in self.parts)

    def again(self, part: str, case: str) -> str:
        """The command that does a case again."""
        words = ["onboarding", "verify", "--part", part, "--case", case, "--seed", str(self.seed)]
        words += [word for flow in self.flows for word in ("--flow", flow)]
        words += ["--journal", self.journal] if self.journal else []
        words += ["--full"] if self.full else []
        return shlex.join([*words, *(["--without", self.mutant] if self.mutant else [])])

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        found = asdict(self)
        for shown, part in zip(found["parts"], self.parts, strict=True):
            shown["counts"], shown["passed"] = dict(part.counts), part.passed
        return {**found, "passed": self.passed}
