"""The part ``answers``: clean on this product, red where a guard against a malformed reply is left out."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from onboarding.api import caller, envelope, routes, strict_json
from onboarding.api.endpoints import ENDPOINTS
from onboarding.engine import doubt
from onboarding.errors import NotSent
from onboarding.verify import Plan
from onboarding.verify.answers import Answers
from onboarding.verify.answers.calls import CALLS
from onboarding.verify.answers.matrix import case_of, pairs


def test_a_small_run_is_clean(tmp_path: Path) -> None:
    told: list[int] = []
    result = Answers().run(Plan(folder=tmp_path, flows=("email-signup",), tell=lambda each: told.append(each.done)))
    assert result.findings == ()
    assert result.passed
    assert result.counts["malformed replies"] >= 100
    assert result.counts["calls"] > result.counts["malformed replies"]
    assert result.counts["journeys"] == 3
    assert result.counts["effects doubled"] == result.counts["effects lost"] == 0
    assert told[-1] == result.cases


def test_there_is_a_call_of_every_endpoint() -> None:
    assert CALLS.keys() == ENDPOINTS.keys()


def test_a_quick_run_plays_every_reply_and_calls_every_endpoint_and_the_same_seed_gives_the_same_cases(
    tmp_path: Path,
) -> None:
    def names(seed: int, *, full: bool = False) -> list[str]:
        return [case_of(*pair) for pair in pairs(Plan(folder=tmp_path, seed=seed, full=full))]

    assert names(7) == names(7) != names(8)
    assert {name.partition("/")[2] for name in names(7)} == set(ENDPOINTS)
    replies = {name.partition("/")[0] for name in names(7)}
    assert len(names(7, full=True)) == len(set(names(7, full=True))) == len(replies) * len(ENDPOINTS)


def lenient(body: bytes) -> Any:
    return json.loads(body)


def unbounded(_encoding: str | None, body: bytes) -> bytes:
    return zlib.decompress(body, wbits=31)


async def nothing(_response: object) -> None:
    return None


def not_sent(_status: int, _retry_after: float | None) -> envelope.Trouble:
    return envelope.Trouble(NotSent, "so we hope")


def believed(_header: str | None, _now: object) -> float:
    return -5.0


def again(self: doubt.Doubts, hand: Any, ended: Any) -> None:
    hand.book.doubts += 1
    hand.arm("retry", "in doubt, and sent again all the same", ended)


def on_we_go(self: doubt.Doubts, hand: Any, ended: Any) -> None:
    hand.enter(hand.step().then, hand.fire(hand.step().then), ended)


DEFECTS: list[tuple[str, Any, str, Callable[..., Any]]] = [
    ("result-twice/log_in", strict_json, "load", lenient),
    ("gzip-bomb/get_user", routes, "unpack", unbounded),
    ("two-answers/reset_password", routes, "give_up_if_more_came", nothing),
    ("html-502/register_by_email", envelope, "_read_status", not_sent),
    ("throttled-retry-negative/log_in", caller, "seconds_to_wait", believed),
    ("email-signup/registering/html-502", doubt.Doubts, "after_answer", again),
    ("email-signup/registering/empty-body", doubt.Doubts, "after_answer", on_we_go),
    ("password-reset/resetting_password/closed-after-the-headers", doubt.Doubts, "after_answer", again),
]


@pytest.mark.parametrize(("case", "where", "name", "instead"), DEFECTS, ids=[each[0] for each in DEFECTS])
def test_a_guard_that_is_left_out_is_found_by_one_case_which_is_clean_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str, where: Any, name: str, instead: Callable[..., Any]
) -> None:
    plan = Plan(folder=tmp_path, case=case)
    clean = Answers().run(plan)
    assert (clean.cases, clean.findings) == (1, ())
    monkeypatch.setattr(where, name, instead)
    found = Answers().run(plan)
    assert found.cases == 1
    assert found.findings
    assert {finding.case for finding in found.findings} == {case}


def test_a_journey_that_could_not_be_played_undisturbed_is_a_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doubt.Doubts, "after_answer", on_we_go)
    monkeypatch.setattr(strict_json, "load", lambda _body: {})
    found = Answers().run(Plan(folder=tmp_path, flows=("email-signup",), case="email-signup/registering/html-502"))
    assert [finding.case for finding in found.findings] == ["email-signup/undisturbed"]
