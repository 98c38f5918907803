"""The part ``secrets``: clean on this product, red where a guard of a secret is left out; its scanner finds all."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from onboarding import frames, service
from onboarding.api import observe, quiet
from onboarding.engine import journey, perform
from onboarding.errors import CallError
from onboarding.journal import Keyring
from onboarding.verify import Plan
from onboarding.verify.secrecy import Secrets, controls
from onboarding.verify.secrecy.processes import HAS_PROC
from onboarding.verify.secrecy.scanner import BINARY, FORMS, Hit, Scanner, planted

CANARY = 'wren 0482913077"\u00e9/+a1b2'


def test_a_small_run_is_clean_and_finds_everything_that_it_hides(tmp_path: Path) -> None:
    told: list[int] = []
    result = Secrets().run(Plan(folder=tmp_path, flows=("email-signup",), tell=lambda each: told.append(each.done)))
    assert result.findings == ()
    assert result.passed
    assert result.counts["scenes"] == 7
    assert result.counts["journeys"] >= 7
    assert result.counts["exceptions"] > 0
    assert result.counts["command line calls"] == 4
    assert result.counts["hits"] == 0
    assert result.counts["planted"] == result.counts["found"] > 15 * (len(FORMS) - len(BINARY))
    assert len(result.skipped) == (0 if HAS_PROC else 1)
    assert told == [1, 2, 3]


def test_the_same_seed_plays_the_same_scenes_and_another_seed_others(tmp_path: Path) -> None:
    def scenes(seed: int, folder: str) -> set[str]:
        plan = Plan(folder=tmp_path / folder, seed=seed, flows=("avatar-change",), case=None)
        plan.folder.mkdir()
        played: set[str] = set()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                f"{Secrets.__module__}._Search._look", lambda _self, _case, _places, found: played.update(found.all)
            )
            patch.setattr(f"{Secrets.__module__}._Search.program", lambda _self: None)
            patch.setattr(f"{Secrets.__module__}._Search.controls", lambda _self: None)
            Secrets().run(plan)
        return {name for name in played if "scene" in name}

    first = scenes(7, "first")
    assert len(first) >= 7
    assert scenes(7, "again") == first
    assert scenes(8, "other") != first


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
    patch.setattr(journey, "_TELLING", journey.re.compile("(?!)"))


def libraries_heard(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(quiet._NotOurs, "filter", lambda _self, _record: True)


def frames_kept(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(frames, "_cut", lambda error: error)


def keys_plain(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(service, "digest", lambda _pepper, key: key.encode())


def secrets_kept(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("onboarding.engine.sealer._wipe", lambda _kind, _fields: None)


def errors_quoted(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(perform, "_raised", lambda error, _step: f"it raised {error!r}", raising=False)


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
    patch.setattr("onboarding.engine.view._mask", lambda flow, name: str(getattr(flow, name)))


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
    ("password-reset", unsealed, "the table journey_data"),
    ("password-reset", words_kept, "the table transitions"),
    ("mobile-registration", wiped_numbers_kept, "history"),
    ("password-reset", libraries_heard, "the logs"),
    ("email-signup", frames_kept, "an exception, InvalidData"),
    ("email-signup", keys_plain, "the table journeys"),
    ("email-signup", secrets_kept, "sealed data of an ended journey"),
    ("avatar-change", calls_logged, "the logs"),
    ("email-signup", fields_shown, "public journey"),
    ("email-registration", requests_kept_in_errors, "the table transitions"),
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
    assert {finding.case for finding in result.findings} == {case}
    assert result.counts["hits"] >= len(result.findings)


def test_a_finding_names_what_was_found_and_never_shows_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[dict[str, str]] = []
    monkeypatch.setattr(
        f"{Secrets.__module__}.Scanner", lambda canaries: shown.append(dict(canaries)) or Scanner(canaries)
    )
    unsealed(monkeypatch)
    result = Secrets().run(Plan(folder=tmp_path, case="email-signup"))
    assert result.findings
    text = json.dumps([[finding.what, finding.detail, finding.case] for finding in result.findings])
    assert [hit for canaries in shown for hit in Scanner(canaries).scan(text)] == []


def test_a_gathering_that_misses_a_place_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(controls, "told", str)
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
