"""The verifier: shows that journeys are never lost, never repeated, never leaked, on the machine where it runs.

``onboarding verify`` runs it. From the inside out:

- ``plan``: what is to be tried, and all chance by a seed
- ``report``: what a part found; ``page``: the same as one self-contained HTML page
- ``rehearsal``: how a flow is played, yours too; ``reckoning``: the judge
- ``mutants``: the guards of the product, each of which can be left out: the parts must find that out
- the parts, a package or module each, named in ``PARTS``
- ``run``: all of it, in order

Needs the extra ``verify``.
"""

from __future__ import annotations

from onboarding.errors import MissingExtra

try:
    import jinja2 as _jinja2  # noqa: F401
    import starlette as _starlette  # noqa: F401
    import uvicorn as _uvicorn  # noqa: F401
except ImportError:
    raise MissingExtra("verify", "the verifier") from None

from onboarding.verify.plan import Plan, Progress
from onboarding.verify.report import Finding, Part, PartResult, Report

__all__ = ["PARTS", "Finding", "Part", "PartResult", "Plan", "Progress", "Report"]

PARTS: dict[str, str] = {
    "crash": "onboarding.verify.crash:CrashMatrix",
    "owners": "onboarding.verify.owners:Owners",
    "simulation": "onboarding.verify.simulation:Simulation",
    "model": "onboarding.verify.model:Model",
    "storage": "onboarding.verify.storage:Storage",
    "answers": "onboarding.verify.answers:Answers",
    "secrets": "onboarding.verify.secrecy:Secrets",
    "bad-input": "onboarding.verify.bad_input:BadInput",
    "controls": "onboarding.verify.controls:Controls",
}
"""The parts by their names, in the order in which they run."""
