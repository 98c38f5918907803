"""The part ``secrets``: clean on this product, red where a guard of a secret is left out; its scanner finds all."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from onboarding import frames
from onboarding.api import observe, quiet
from onboarding.engine import journey
from onboarding.errors import CallError
from onboarding.journal import Keyring
from onboarding.verify import Plan
from onboarding.verify.secrecy import Secrets
from onboarding.verify.secrecy.processes import HAS_PROC
from onboarding.verify.secrecy.scanner import BINARY, FORMS, Hit, Scanner, planted
from onboarding.verify.secrecy.scenes import _share

CANARY = 'wren 0482913077"\u00e9/+a1b2'


def test_a_small_run_is_clean_and_finds_everything_that_it_hides(tmp_path: Path) -> None:
    told: list[int] = []
    result = Secrets().run(Plan(folder=tmp_path, flows=("email-signup",), tell=lambda each: told.append(each.done)))
    assert result.findings == ()
    assert result.passed
    assert result.counts["scenes"] == 17, "all kinds, because there is one flow to play them"
    assert result.counts["journeys"] >= 16
    assert result.counts["exceptions"] > 0
    assert result.counts["command line calls"] == 4
    assert result.counts["hits"] == 0
    assert result.counts["planted"] == result.counts["found"] > 15 * (len(FORMS) - len(BINARY))
    assert len(result.skipped) == (0 if HAS_PROC else 1)
    assert told == [1, 2, 3]


def test_the_flows_share_all_scenes_and_the_same_seed_shares_them_alike(tmp_path: Path) -> None:
    titles = [f"scene {number}" for number in range(9)]

    def shares(seed: int, turns: int = 9) -> list[list[str]]:
        plan = Plan(folder=tmp_path, seed=seed)
        return [_share(plan, list(titles), turn, turns) for turn in range(turns)]

    assert shares(7) == shares(7) != shares(8)
    assert sorted(title for share in shares(7) for title in share) == titles
    assert {title for share in shares(7, turns=2) for title in share} == set(titles)


def open_seal(self: Keyring, plain: bytes, **_: Any) -> bytes:
    return b"sealed:" + plain


def open_unseal(self: Keyring, sealed: bytes, **_: Any) -> bytes:
    return sealed.removeprefix(b"sealed:")


def unsealed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Keyring, "seal", open_seal)
    patch.setattr(Keyring, "unseal", open_unseal)


def words_kept(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(journey.JourneyInHand, "redact", lambda _self, text: text)


def wiped_numbers_kept(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(journey, "_TELLING", re.compile("(?!)"))


def libraries_heard(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(quiet._NotOurs, "filter", lambda _self, _record: True)


def frames_kept(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(frames, "_cut", lambda error: error)


def keys_plain(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(import_module("onboarding.engine.sealer"), "digest", lambda _pepper, key: key.encode())


def secrets_kept(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("onboarding.engine.sealer._wipe", lambda _kind, _fields: None)


def calls_logged(patch: pytest.MonkeyPatch) -> None:
    def announce(endpoint: Any) -> None:
        import inspect

        frame = inspect.currentframe()
        assert frame is not None
        assert frame.f_back is not None
        request = frame.f_back.f_locals["request"]
        logging.getLogger("onboarding.api").debug("sending %s", request.target.get_secret_value())

    patch.setattr(observe, "announce", announce)
    patch.setattr("onboarding.api.caller.announce", announce)


def fields_shown(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(import_module("onboarding.engine.view"), "_mask", lambda flow, name: str(getattr(flow, name)))


def requests_kept_in_errors(patch: pytest.MonkeyPatch) -> None:
    plain = CallError.__init__

    def init(self: CallError, reason: str, **facts: Any) -> None:
        import inspect

        frame = inspect.currentframe()
        while frame is not None and "request" not in frame.f_locals:
            frame = frame.f_back
        plain(self, reason, **facts)
        if frame is not None:
            self.reason += f" at {frame.f_locals['request'].target.get_secret_value()}"

    patch.setattr(CallError, "__init__", init)


DEFECTS: list[tuple[str, Callable[[pytest.MonkeyPatch], None], str]] = [
    ("password-reset/a-good-end", unsealed, "the table journey_data"),
    ("password-reset/cancelled", words_kept, "the table transitions"),
    ("mobile-registration/a-step-that-tells-after-it-sent", wiped_numbers_kept, "history"),
    ("phone-verification/a-good-end", libraries_heard, "the logs"),
    ("email-signup/wrong-starts", frames_kept, "an exception, InvalidData"),
    ("email-signup/started-twice-with-one-key", keys_plain, "the table journeys"),
    ("email-signup/a-good-end", secrets_kept, "sealed data of an ended journey"),
    ("avatar-change/a-good-end", calls_logged, "the logs"),
    ("email-signup/a-good-end", fields_shown, "public journey"),
    ("email-registration/an-error-page-that-echoes-2.7", requests_kept_in_errors, "the table transitions"),
]


@pytest.mark.parametrize(("case", "leave_out", "place"), DEFECTS, ids=[each[1].__name__ for each in DEFECTS])
def test_a_guard_that_is_left_out_is_found_in_the_place_where_it_lets_secrets_out(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    case: str,
    leave_out: Callable[[pytest.MonkeyPatch], None],
    place: str,
) -> None:
    leave_out(monkeypatch)
    result = Secrets().run(Plan(folder=tmp_path, case=case))
    assert any(f"is in {place}" in finding.what for finding in result.findings), result.findings[:5]
    assert case in {finding.case for finding in result.findings}
    assert result.counts["hits"] >= len(result.findings)


def test_a_finding_names_what_was_found_and_never_shows_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[dict[str, str]] = []

    def noting(canaries: Mapping[str, str]) -> Scanner:
        shown.append(dict(canaries))
        return Scanner(canaries)

    monkeypatch.setattr(f"{Secrets.__module__}.Scanner", noting)
    unsealed(monkeypatch)
    result = Secrets().run(Plan(folder=tmp_path, case="email-signup/a-good-end"))
    assert result.findings
    text = json.dumps([[finding.what, finding.detail, finding.case] for finding in result.findings])
    assert [hit for canaries in shown for hit in Scanner(canaries).scan(text)] == []


def test_a_gathering_that_misses_a_place_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_module("onboarding.verify.secrecy.controls"), "told", str)
    result = Secrets().run(Plan(folder=tmp_path, case="controls"))
    assert any("a local of a frame was not found: raw" in finding.what for finding in result.findings)
    assert result.counts["found"] < result.counts["planted"]


@pytest.mark.parametrize("form", FORMS)
def test_a_canary_is_found_in_every_form_amid_anything(form: str) -> None:
    for before, after in (
        (b"", b""),
        (b"\x05\x81\x1d", b"\x00\x0f"),
        (b"Zm9vYg==\n", b"\nYmFy"),
        (b"a" * 300_000, b"\\"),
    ):
        hits = Scanner({"bird": CANARY, "other": "another-1234567"}).scan(before + planted(CANARY, form) + after)
        assert {hit.canary for hit in hits} == {"bird"}


def test_a_canary_is_found_however_often_it_was_quoted_within_a_quotation() -> None:
    text = CANARY
    for _ in range(6):
        text = json.dumps({"said": text})
    assert Scanner({"bird": CANARY}).scan(text)


def test_digits_within_a_longer_number_are_no_code_and_a_word_is_no_secret() -> None:
    scanner = Scanner({"code": "482913", "word": "Vera"})
    assert scanner.scan("took 0.482913 s; 1482913; a482913f-0000; Vera") == []
    assert Hit("code", "raw") in scanner.scan("it was 482913.")
