"""The crash matrix: clean on the product, red where a guard or a check is missing, the same for the same seed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from flows import EmailSignup, KycUpdate
from onboarding.verify.crash import CrashMatrix
from onboarding.verify.crash.cases import Case, Point, Seen, cases_of, essential
from onboarding.verify.crash.nursery import chosen_of
from onboarding.verify.crash.trial import Rehearsal
from onboarding.verify.plan import Plan, Progress
from onboarding.verify.reckoning import Baseline
from onboarding.verify.report import PartResult

SEEN = (
    Seen("checking_address"),
    Seen("checking_address", "2.7"),
    Seen("registering"),
    Seen("registering", "2.5"),
    Seen("proving_login"),
    Seen("proving_login", "2.6"),
    Seen("registered"),
)


def crash(folder: Path, **plan: object) -> PartResult:
    return CrashMatrix().run(Plan(folder=folder, **plan))  # type: ignore[arg-type]


def names(plan: Plan) -> list[str]:
    known = {"email-signup": Rehearsal(Baseline("registered", Counter(), Counter(), {}), SEEN, ())}
    return [case.name for case in chosen_of(plan, {"email-signup": EmailSignup}, known)]


def test_every_step_is_killed_at_every_point_with_every_fate(tmp_path: Path) -> None:
    cases = cases_of(EmailSignup.definition, SEEN)
    assert len({case.name for case in cases}) == len(cases)
    once = {(case.point, case.fate) for case in cases if case.state == "registering" and not case.again}
    assert {point for point, _ in once} == set(Point)
    assert {(Point.SENT, "lost"), (Point.SENT, "late"), (Point.SENT, "landed"), (Point.EFFECT, "landed")} <= once
    states = {case.state for case in cases}
    assert states == {"start", "checking_address", "registering", "proving_login"}
    assert [case.name for case in cases] == names(Plan(folder=tmp_path, full=True))


def test_the_same_seed_gives_the_same_cases_and_another_one_others(tmp_path: Path) -> None:
    once = names(Plan(folder=tmp_path, seed=3))
    assert once == names(Plan(folder=tmp_path, seed=3))
    assert once != names(Plan(folder=tmp_path, seed=4))
    assert {case.name for case in essential(cases_of(EmailSignup.definition, SEEN), EmailSignup.definition)} <= {*once}


def test_what_must_never_happen_twice_is_tried_in_every_run() -> None:
    seen = (Seen("updating_account", "2.11"), Seen("updating_account", "2.12"))
    chosen = essential(cases_of(KycUpdate.definition, seen), KycUpdate.definition)
    assert {(case.section, case.point, case.fate) for case in chosen} >= {
        ("2.12", Point.SENT, "lost"), ("2.12", Point.SENT, "late"), ("2.12", Point.EFFECT, "landed"),
    }  # fmt: skip
    assert Case("f", "s", Point.SENT, "2.1", "lost", "write-1-commit").kills == 2


@pytest.mark.slow
def test_killed_at_many_points_the_shipped_flow_does_nothing_twice_and_loses_nothing(tmp_path: Path) -> None:
    told: list[Progress] = []
    result = crash(tmp_path, flows=("avatar-change",), tell=told.append)
    assert result.findings == ()
    assert result.cases == 24
    assert result.counts["kills"] > 10
    assert result.counts["doubts"] > 0
    assert told[-1] == Progress("crash", 24, 24)


def test_one_case_is_done_again_by_its_name(tmp_path: Path) -> None:
    result = crash(tmp_path, case="kyc-update/updating_account/sent@2.12/late/write-1-after")
    assert (result.cases, result.counts["kills"], result.findings) == (1, 2, ())


def test_a_case_that_there_is_not_is_a_finding(tmp_path: Path) -> None:
    result = crash(tmp_path, case="avatar-change/setting_avatar/never")
    assert [(finding.case, finding.what) for finding in result.findings] == [
        ("avatar-change/setting_avatar/never", "there is no such case")
    ]


def test_a_flow_of_ones_own_whose_check_is_wrong_is_found_to_do_something_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))  # the processes are handed the path
    result = crash(tmp_path, flows=("forgetful_flow:Forgetful",), case="forgetful/updating_account/effect@2.12/landed")
    assert result.counts["effects doubled"] > 0
    assert len(result.findings) == 1
    assert "happened 2 times" in result.findings[0].what
    assert "never: it had not landed" in result.findings[0].detail


@pytest.mark.parametrize(
    ("guard", "case"),
    [
        ("intent", "kyc-update/updating_account/effect@2.12/landed"),
        ("intent-at-start", "avatar-change/setting_avatar/effect@2.10/landed"),
        ("crash-doubt", "kyc-update/updating_account/effect@2.12/landed"),
        ("landing-delay", "email-signup/registering/sent@2.5/late"),
        ("cooldown", "avatar-change/setting_avatar/alive@2.10/unanswered"),
    ],
)
def test_a_guard_that_is_left_out_is_found_out(tmp_path: Path, guard: str, case: str) -> None:
    assert [found.case for found in crash(tmp_path, mutant=guard, case=case).findings] == [case]
