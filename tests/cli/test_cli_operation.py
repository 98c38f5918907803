"""``doctor``, ``keys`` and ``sandbox``: what an operator does."""

from __future__ import annotations

import re
import signal
from pathlib import Path
from typing import Any

import pytest
from cli_program import Program

from onboarding.journal import add_primary_key, load_key_file
from onboarding.sandbox import SandboxDesk, SandboxServer


def checks(document: Any) -> dict[str, bool]:
    assert document["ok"] is all(check["ok"] for check in document["checks"])
    return {check["name"]: check["ok"] for check in document["checks"]}


def test_doctor_with_nothing_configured_says_what_to_set_and_makes_nothing(program: Program) -> None:
    folder = program.folder / "home"
    bare = {"base_url": None, "tenant_id": None, "api_token": None, "journal": f"sqlite:///{folder}/journal.db"}
    ended = program.here("doctor", "--json", **bare)
    assert (ended.code, ended.err) == (1, "")
    assert checks(ended.document) == {"settings": False, "flows": True, "journal": True, "keys": True, "API": False}
    assert "ONBOARDING_TENANT_ID" in ended.document["checks"][0]["found"]
    assert not folder.exists()
    assert "what to do" in program.here("doctor", **bare).out


def test_doctor_finds_all_well_where_it_is(program: Program, phone: str) -> None:
    assert program.here("doctor").code == 0
    program.here("start", "phone-verification", "--phone", phone)
    ended = program.here("doctor", "--json")
    assert (ended.code, ended.err) == (0, "")
    assert checks(ended.document) == {
        "settings": True, "flows": True, "journal": True, "progress": True, "journeys": True, "keys": True, "API": True,
    }  # fmt: skip


def test_doctor_finds_what_is_due_and_not_taken_up(program: Program, phone: str) -> None:
    program.here("start", "phone-verification", "--phone", phone)
    for late, well in (("0s", False), ("10m", True)):
        ended = program.here("doctor", "--json", "--late", late)
        assert ended.code == (0 if well else 1)
        (found,) = [check for check in ended.document["checks"] if check["name"] == "progress"]
        assert "due longest has been so for" in found["found"]
        assert (found["ok"], "start a worker" in found["remedy"]) == (well, not well)
    program.here("worker", "--once")
    (found,) = [check for check in program.here("doctor", "--json").document["checks"] if check["name"] == "progress"]
    assert "the next journey is due in" in found["found"]


@pytest.mark.parametrize(
    ("settings", "bad", "remedy"),
    [
        ({"api_token": "wrong"}, "API", "ONBOARDING_TENANT_ID and ONBOARDING_API_TOKEN"),
        ({"base_url": "http://127.0.0.1:1"}, "API", "ONBOARDING_BASE_URL"),
        ({"journal": "memory://"}, "journal", "set it right in the environment"),
        ({"journal": "sqlite:////proc/journal.db"}, "journal", "mend the place of the journal"),
        ({"keys": "nonsense"}, "keys", "onboarding keys new"),
        ({"flows": "nowhere:Nothing"}, "flows", "mend ONBOARDING_FLOWS"),
        ({"pool_size": "0"}, "settings", "mend this first"),
    ],
)
def test_doctor_says_what_is_wrong_and_what_to_do(
    program: Program, settings: dict[str, str], bad: str, remedy: str
) -> None:
    ended = program.here("doctor", "--json", **settings)
    assert (ended.code, ended.err) == (1, "")
    wrong = {check["name"]: check["remedy"] for check in ended.document["checks"] if not check["ok"]}
    assert list(wrong) == [bad]
    assert remedy in wrong[bad]


def test_doctor_does_not_praise_settings_that_its_own_call_refuses(program: Program) -> None:
    ended = program.here("doctor", "--json", base_url="ftp://example.com")
    found = {check["name"]: (check["ok"], check["found"], check["remedy"]) for check in ended.document["checks"]}
    assert found["settings"][0] is False
    assert "ONBOARDING_BASE_URL must look like https://" in found["settings"][1]
    assert found["API"] == (False, "not asked", "mend the settings first")


def test_doctor_says_what_to_do_about_keys_that_others_may_read(program: Program, phone: str) -> None:
    program.here("start", "phone-verification", "--phone", phone)
    keys = program.folder / "journal.db.keys"
    keys.chmod(0o644)
    (wrong,) = [check for check in program.here("doctor", "--json").document["checks"] if not check["ok"]]
    assert (wrong["name"], wrong["remedy"]) == ("keys", f"it must be its owner's alone: chmod 600 {keys}")


def test_doctor_finds_a_journal_that_others_may_read(program: Program, phone: str) -> None:
    program.here("start", "phone-verification", "--phone", phone)
    (program.folder / "journal.db").chmod(0o644)
    ended = program.here("doctor", "--json")
    assert (ended.code, checks(ended.document)["journal"]) == (1, False)


def test_a_key_file_is_made_once_and_never_for_a_journal_that_is_sealed_with_another(
    program: Program, phone: str
) -> None:
    path = program.folder / "journal.db.keys"
    assert program.here("keys", "new").out.strip() == str(path)
    assert path.stat().st_mode & 0o777 == 0o600
    before = path.read_text()
    assert "was there already" in program.here("keys", "new").err
    assert path.read_text() == before
    program.here("start", "phone-verification", "--phone", phone)
    path.unlink()
    refused = program.here("keys", "new")
    assert refused.code == 1
    assert "put it back" in refused.sentence
    assert not path.exists()


def test_keys_are_rotated_and_a_rotation_that_was_stopped_is_finished(program: Program, phone: str) -> None:
    path = program.folder / "journal.db.keys"
    journey = program.here("start", "phone-verification", "--phone", phone).out.strip()
    before = load_key_file(path).ids
    rotated = program.here("keys", "rotate")
    assert (rotated.code, rotated.err) == (0, "")
    first = load_key_file(path).ids
    assert len(first) == 1
    assert first != before
    add_primary_key(path)
    wanted = load_key_file(path).ids[0]
    assert program("keys", "rotate").code == 0
    assert load_key_file(path).ids == (wanted,)
    assert program.here("show", journey, "--reveal", "phone").out == f"{phone}\n"


def test_keys_that_are_given_are_resealed_under_the_first_and_the_others_named(program: Program, phone: str) -> None:
    old, new = (program.here("keys", "new", "--print").out.strip() for _ in range(2))
    assert old != new
    journey = program.here("start", "phone-verification", "--phone", phone, keys=old).out.strip()
    assert program.here("keys", "new", keys=old).code == 2
    rotated = program.here("keys", "rotate", keys=f"{new},{old}")
    assert rotated.code == 0
    assert "may be dropped from ONBOARDING_KEYS" in rotated.out
    assert old not in rotated.out + rotated.err
    assert program.here("show", journey, "--reveal", "phone", keys=new).out == f"{phone}\n"
    assert program.here("show", journey, "--reveal", "phone", keys=old).code == 1


def test_keys_are_not_rotated_under_a_worker(program: Program) -> None:
    worker = program.start("worker")
    try:
        assert worker.stderr is not None
        assert "made a new journal at" in worker.stderr.readline()
        assert "advancing" in worker.stderr.readline()
        refused = program.here("keys", "rotate")
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.communicate(timeout=20)
    assert refused.code == 1
    assert "stop it" in refused.sentence
    assert len(load_key_file(program.folder / "journal.db.keys").ids) == 1


def test_the_sandbox_says_how_to_use_it_and_ends_on_a_signal(program: Program, tmp_path: Path) -> None:
    del tmp_path
    served = program.start("sandbox", "--port", "0", "--seed", "1", "--tenant-id", "T7", "--strength", "strong")
    try:
        assert served.stdout is not None
        lines = [served.stdout.readline() for _ in range(6)]
        exports = dict(re.findall(r"(ONBOARDING_\w+)=(\S+)", "".join(lines)))
        assert exports["ONBOARDING_TENANT_ID"] == "T7"
        desk = SandboxDesk(exports["ONBOARDING_BASE_URL"])
        assert desk.users() == []
        found = program.here(
            "doctor", "--json", base_url=exports["ONBOARDING_BASE_URL"], tenant_id="T7",
            api_token=exports["ONBOARDING_API_TOKEN"],
        )  # fmt: skip
        assert found.code == 0
    finally:
        served.send_signal(signal.SIGTERM)
        _, err = served.communicate(timeout=20)
    assert (served.returncode, err) == (0, "")


def test_a_port_that_is_taken_is_said_once_with_a_way_out(program: Program, sandbox: SandboxServer) -> None:
    port = sandbox.url.rpartition(":")[2]
    ended = program.here("sandbox", "--port", port)
    assert ended.code == 2
    assert ended.sentence == (
        f"the sandbox cannot listen on 127.0.0.1 port {port}: Address already in use; give another port, or 0 for a "
        "free one"
    )
