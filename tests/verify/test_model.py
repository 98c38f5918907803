"""The model: the engine and the reference agree, and where a guard is gone they do not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from onboarding.verify.model import Model
from onboarding.verify.plan import Plan, Progress
from onboarding.verify.report import PartResult


def run(folder: Path, **plan: Any) -> PartResult:
    return Model().run(Plan(folder=folder, **plan))


def test_the_engine_stands_where_the_reference_stands_after_every_move(tmp_path: Path) -> None:
    told: list[Progress] = []
    result = run(tmp_path, case="mobile-registration", tell=told.append)
    assert result.findings == ()
    assert result.passed
    assert result.counts["moves"] > 100
    assert told == [Progress("model", 1, 1)]


def test_the_same_seed_gives_the_same_moves_and_another_seed_others(tmp_path: Path) -> None:
    # Two seeds may come to the same number by chance; four do not.
    moves = [run(tmp_path, case="password-change", seed=seed).counts["moves"] for seed in (3, 3, 4, 5, 6)]
    assert moves[0] == moves[1]
    assert len(set(moves)) > 1


@pytest.mark.parametrize(
    ("guard", "flow", "what"),
    [
        ("withdrawal", "avatar-change", "what was sent how often"),
        ("at-most", "password-reset", "the engine has"),
        ("deadlines", "email-registration", "due again and again"),
    ],
)
def test_a_guard_that_is_gone_is_a_divergence(tmp_path: Path, guard: str, flow: str, what: str) -> None:
    # Which moves hypothesis draws depends on what else is loaded: a quick run finds it nearly always.
    result = run(tmp_path, mutant=guard, case=flow, full=True)
    assert [finding.case for finding in result.findings] == [flow]
    assert what in result.findings[0].what
    assert "state = Play" in result.findings[0].detail
