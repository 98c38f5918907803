"""The negative controls: every guard can be left out, somebody finds that out, and where nobody does, it is told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from onboarding.errors import SettingsError
from onboarding.verify import PARTS, Plan, controls, guards
from onboarding.verify.alone import part_of
from onboarding.verify.controls import Controls
from onboarding.verify.guards import patching
from onboarding.verify.mutants import MUTANTS, Mutant, without
from onboarding.verify.report import PartResult

_ROOMS = [import_module(f"onboarding.verify.guards.{name}") for name in guards.__all__]


@pytest.mark.parametrize("name", ["heaviest-effect", "clean-frames"])
def test_a_guard_that_is_left_out_is_found_to_be_missing(name: str, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    result = Controls().run(Plan(folder=tmp_path, case=name, tell=lambda each: told.append((each.done, each.total))))
    assert result.findings == ()
    assert result.counts == {"guards left out": 1, "found missing": 1}
    assert told[-1] == (2, 2)  # the case with the guard, and without it


def here(name: str, plan: Plan, *, timeout: float) -> PartResult:
    """In this process, which knows the mutants of the tests."""
    del timeout
    return part_of(name).run(plan)


def test_a_guard_that_nobody_misses_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def nothing() -> Iterator[None]:
        yield

    useless = Mutant("useless", "nothing at all", "bad-input", nothing, "must-refuse-plain-http", quick=True)
    monkeypatch.setitem(MUTANTS, "useless", useless)
    monkeypatch.setattr(controls, "MUTANTS", {"useless": useless})
    monkeypatch.setattr(controls, "run_alone", here)
    result = Controls().run(Plan(folder=tmp_path))
    assert [(each.case, each.what) for each in result.findings] == [("useless", "nobody missed it: nothing at all")]
    assert result.counts == {"guards left out": 1, "found missing": 0}


def test_a_part_that_breaks_has_found_nothing_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unknown = Mutant("unknown", "nothing at all", "bad-input", MUTANTS["https"].leave_out, "must-refuse-plain-http")
    monkeypatch.setattr(controls, "MUTANTS", {"unknown": unknown})
    monkeypatch.setattr(controls, "_missed", lambda plan, each, *, thorough: _quickly(plan, each, thorough))
    (finding,) = Controls().run(Plan(folder=tmp_path, case="unknown")).findings
    assert finding.case == "unknown"
    assert "it broke" in finding.detail  # the process of the part does not know that guard


_missed = controls._missed


def _quickly(plan: Plan, mutant: Mutant, thorough: bool) -> Any:
    del thorough
    return _missed(plan, mutant, thorough=False)


def test_a_case_that_is_red_anyhow_proves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant = MUTANTS["https"]
    monkeypatch.setattr(controls, "MUTANTS", {"https": mutant})
    monkeypatch.setattr(controls, "run_alone", here)
    with mutant.leave_out():
        (finding,) = Controls().run(Plan(folder=tmp_path, case="https")).findings
    assert finding.case == mutant.case
    assert "every guard in its place" in finding.what


def test_a_guard_that_there_is_not_is_told(tmp_path: Path) -> None:
    (finding,) = Controls().run(Plan(folder=tmp_path, case="no-such-guard")).findings
    assert finding.what == "there is no such guard"
    known = "no guard .no-such-guard.; there are: .*landing-delay"
    with pytest.raises(SettingsError, match=known), without("no-such-guard"):
        pass


@pytest.mark.parametrize("name", MUTANTS)
def test_a_guard_is_left_out_for_a_while_and_stands_again_afterwards(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    patched: list[tuple[Any, str, object]] = []

    def noting(owner: Any, attribute: str, new: object) -> Any:
        patched.append((owner, attribute, vars(owner).get(attribute)))
        return patching.in_place_of(owner, attribute, new)

    for room in _ROOMS:
        monkeypatch.setattr(room, "in_place_of", noting)
    with without(name):
        assert patched
        assert all(vars(owner)[attribute] is not old for owner, attribute, old in patched)
    assert all(vars(owner).get(attribute) is old for owner, attribute, old in patched)


def test_every_guard_has_a_part_that_watches_it_and_a_case_that_shows_it() -> None:
    assert len(MUTANTS) >= 60
    assert {each.part for each in MUTANTS.values()} == set(PARTS) - {"controls"}
    assert [each.name for each in MUTANTS.values() if each.case is None] == []
    assert all(each.name == name for name, each in MUTANTS.items())


def test_a_quick_run_leaves_out_a_few_guards_of_every_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str | None] = []

    def noting(part: str, plan: Plan, *, timeout: float) -> PartResult:
        del timeout
        tried.append(plan.mutant)
        return PartResult(part=part, cases=1)

    monkeypatch.setattr(controls, "run_alone", noting)
    result = Controls().run(Plan(folder=tmp_path))
    here = [each for each in MUTANTS.values() if not each.server]
    quick = [each for each in here if each.quick]
    assert sorted(tried, key=str) == sorted(each.name for each in quick)
    assert len(quick) <= 14
    assert {each.part for each in quick} == set(PARTS) - {"controls"}
    assert result.skipped == (f"{len(here) - len(quick)} more guards are left out in a full run",)


def test_an_attribute_that_is_not_there_cannot_be_left_out() -> None:
    with pytest.raises(AttributeError), patching.in_place_of(controls, "gone", None):
        pass
    with patching.in_place_of(_Child, "guard", "another"):
        assert _Child.guard == "another"
    assert "guard" not in vars(_Child)


async def _awaited(self: object, *rows: str, **new: int) -> None: ...


@pytest.mark.parametrize(
    ("name", "new"),
    [
        ("write", lambda self, head, *rows, **more: None),
        ("write", lambda self, *rows: None),
        ("write", lambda self, *rows, verdicts: None),
        ("write", lambda self, **more: None),
        ("write", _awaited),
        ("send", lambda self, what, *, at_once=False: None),
        ("checked", lambda: None),
        ("is_armed", lambda self: True),
    ],
)
def test_what_cannot_be_called_as_a_guard_can_does_not_stand_in_its_place(name: str, new: Any) -> None:
    old = vars(_Guarded)[name]
    with pytest.raises(TypeError), patching.in_place_of(_Guarded, name, new):
        pass
    assert vars(_Guarded)[name] is old


@pytest.mark.parametrize(
    ("name", "new"),
    [
        ("write", lambda self, *rows, **more: None),
        ("write", lambda *_, verdicts=(), **__: None),
        ("send", _awaited),
        ("checked", lambda value: None),
        ("is_armed", property(lambda self: True)),
        ("is_armed", True),
    ],
)
def test_what_can_be_called_as_a_guard_can_stands_in_its_place(name: str, new: Any) -> None:
    with patching.in_place_of(_Guarded, name, new):
        assert vars(_Guarded)[name] is new


class _Guarded:
    def write(self, *rows: str, verdicts: tuple[str, ...] = (), **new: int) -> None: ...

    async def send(self, what: str, *, at_once: bool = False) -> None: ...

    @staticmethod
    def checked(value: str) -> None: ...

    @property
    def is_armed(self) -> bool:
        return False


def test_a_flow_that_cannot_be_played_without_a_guard_is_no_proof_of_it() -> None:
    assert not controls._is_proof("password-change cannot be tried: its process ended with 1")
    assert not controls._is_proof("it broke: TypeError")
    assert controls._is_proof("account_updated (2.12) happened 2 times, and 1 is all there may be")


class _Parent:
    guard = "this"


class _Child(_Parent):
    pass
