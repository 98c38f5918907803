"""The verifier under pytest: ``pytest --pyargs onboarding.verify``, a test a part.

``VERIFY_SEED`` and ``VERIFY_FULL`` in the environment say which seed, and whether everything is to be tried;
``VERIFY_FLOWS`` which flows, with commas between; ``VERIFY_JOURNAL`` a PostgreSQL server for the journals.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from onboarding.verify import PARTS, Plan
from onboarding.verify.alone import run_alone

_QUICK, _FULL = 300.0, 3600.0


@pytest.mark.parametrize("part", PARTS)
def test_every_promise_holds(part: str, tmp_path: Path) -> None:
    flows = os.environ.get("VERIFY_FLOWS", "")
    plan = Plan(
        folder=tmp_path,
        seed=int(os.environ.get("VERIFY_SEED", "1")),
        full=bool(os.environ.get("VERIFY_FULL")),
        flows=tuple(name.strip() for name in flows.split(",") if name.strip()),
        jobs=os.cpu_count() or 1,
        journal=os.environ.get("VERIFY_JOURNAL") or None,
    )
    result = run_alone(part, plan, timeout=_FULL if plan.full else _QUICK)
    assert result.findings == ()
    assert result.cases > 0, "nothing was tried"
