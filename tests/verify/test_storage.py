"""The part ``storage``: clean on this product, red where a guard against a failing disk is left out."""

from __future__ import annotations

import random
import stat
from pathlib import Path

import pytest

from onboarding.verify import Plan
from onboarding.verify.storage import Storage, part
from onboarding.verify.storage.disk import CHANGES, Disk, Fault
from onboarding.verify.storage.families import FAMILIES, cases_of
from onboarding.verify.storage.vfs import OK, Operation, why_not

tampered = pytest.mark.skipif(why_not() is not None, reason=why_not() or "SQLite can be tampered with")

CASES = [
    "cut/new/500", "cut/worn/300", "fault/full/worn/300", "fault/sync-error-once/new/300", "fault/busy/new/300",
    "file/emptied/0", "row/data-gone", "row/status", "copy/cloned/450", "kill/rotating/400",
]  # fmt: skip


@tampered
def test_a_small_run_is_clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part, "cases_of", lambda _: CASES)
    told: list[int] = []
    result = Storage().run(Plan(folder=tmp_path, tell=lambda each: told.append(each.done)))
    assert result.findings == ()
    assert result.passed
    assert result.cases == len(CASES) == told[-1]
    assert result.skipped == ()
    assert result.counts["power cuts"] >= 2
    assert result.counts["failed operations"] >= 3
    assert result.counts["journals refused"] == 1
    assert result.counts["kills"] == 1
    assert result.counts["effects doubled"] == result.counts["effects lost"] == 0


@tampered
@pytest.mark.parametrize(
    ("mutant", "case", "word"),
    [
        ("synchronous-full", "cut/worn/300", "gone"),
        ("intent-durable", "cut/worn/300", "before its intent was confirmed"),
        ("told-when-durable", "fault/full/new/520", "told before it was durable"),
        ("watermark", "copy/restored/450", "by itself"),
        ("signatures", "row/history-edited", "audit"),
    ],
)
def test_a_guard_that_is_left_out_is_found(tmp_path: Path, mutant: str, case: str, word: str) -> None:
    result = Storage().run(Plan(folder=tmp_path, mutant=mutant, case=case))
    assert not result.passed
    assert {finding.case for finding in result.findings} == {case}
    assert any(word in finding.what for finding in result.findings), result.findings


def test_a_case_that_takes_its_process_down_is_found_and_the_others_are_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part, "cases_of", lambda _: ["nowhere/0", "row/data-bit"])
    result = Storage().run(Plan(folder=tmp_path))
    assert [finding.case for finding in result.findings] == (["nowhere/0"] if why_not() is None else [])
    assert result.counts["damaged journeys"] == 1


def test_the_same_plan_has_the_same_cases_of_every_family(tmp_path: Path) -> None:
    quick = cases_of(Plan(folder=tmp_path, seed=7))
    assert quick == cases_of(Plan(folder=tmp_path, seed=7)) != cases_of(Plan(folder=tmp_path, seed=8))
    assert {case.partition("/")[0] for case in quick} == set(FAMILIES)
    full = cases_of(Plan(folder=tmp_path, seed=7, full=True))
    assert set(quick) <= set(full)
    assert len(full) == len(set(full)) > 1000
    assert cases_of(Plan(folder=tmp_path, case="cut/new/1")) == ["cut/new/1"]


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    path = tmp_path / "journal.db"
    path.touch(0o600)
    disk = Disk(path)
    disk.opened(str(path))
    return disk


def write(disk: Disk, at: int, data: bytes) -> int:
    """What SQLite does, and the file as it is then: nothing but ``come_back`` reads it."""
    return disk.before(Operation.WRITE, str(disk.journal), at, data)


def sync(disk: Disk) -> None:
    assert disk.before(Operation.SYNC, str(disk.journal), 0, b"") == OK
    disk.after(Operation.SYNC, str(disk.journal))


def test_what_was_synced_survives_every_power_cut_and_what_was_not_comes_back_in_whole_sectors(disk: Disk) -> None:
    write(disk, 0, b"s" * 1024)
    sync(disk)
    write(disk, 256, b"n" * 1024)
    seen = set()
    for seed in range(40):
        again = Disk(disk.journal)
        again._files = dict(disk._files)
        again.come_back(random.Random(seed))
        content = disk.journal.read_bytes()
        assert content[:256] == b"s" * 256
        parts = (content[256:512], content[512:1024], content[1024:].ljust(256, b"-"))
        assert all(len(set(part)) == 1 for part in parts), "a sector is never half written"
        seen.add(tuple(part[:1] for part in parts))
    assert {(b"s", b"s", b"-"), (b"n", b"n", b"n")} <= seen
    assert len(seen) > 4, "any of them may be lost"


def test_from_the_cut_on_nothing_is_written_and_nothing_is_read(disk: Disk) -> None:
    disk.cut_at = 2
    assert write(disk, 0, b"one") == OK
    assert write(disk, 3, b"two") != OK
    assert disk.dead
    assert disk.before(Operation.READ, str(disk.journal), 0, b"") != OK
    assert disk.before(Operation.READ, str(disk.journal.with_name("another")), 0, b"") == OK


@pytest.mark.parametrize(("lasting", "failed"), [(False, [2]), (True, [2, 3, 4])])
def test_a_fault_befalls_one_operation_or_all_until_the_disk_is_repaired(
    disk: Disk, lasting: bool, failed: list[int]
) -> None:
    disk.fault = Fault(CHANGES, 2, 13, lasting=lasting)
    assert [number for number in range(1, 5) if write(disk, 0, b"x") != OK] == failed
    disk.repair()
    assert write(disk, 0, b"x") == OK


def test_a_file_comes_back_as_the_same_file_for_its_owner_alone(disk: Disk) -> None:
    before = disk.journal.stat()
    write(disk, 0, b"data")
    sync(disk)
    disk.come_back(random.Random(1))
    assert disk.journal.read_bytes() == b"data"
    assert disk.journal.stat().st_ino == before.st_ino
    assert stat.S_IMODE(disk.journal.stat().st_mode) == 0o600
