"""Every command does what it says, run as its users run it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from cli_program import Program

from onboarding.sandbox import SandboxDesk

OWN_FLOW = '''
from typing import ClassVar
from onboarding import ASK, AccountApi, Done, Failed, Flow, Waiting, Working, hours, on_input, once, later

class Parcel(Flow, name="parcel", version=1):
    """Send something that nobody can check."""
    user_id: str
    note: str = later()
    states: ClassVar = [Working("sending"), Waiting("awaiting_word", up_to=hours(1)), Done("sent", "it is there"),
                        Failed("lost", "nobody said anything"), Failed("called_off", "somebody thought better of it")]
    transitions: ClassVar = [
        ["left", "sending", "awaiting_word"], ["arrived", "awaiting_word", "sent"],
        ["called_back", "awaiting_word", "called_off"], ["timed_out", "awaiting_word", "lost"],
    ]
    @once(then="left", in_doubt=ASK)
    async def sending(self, api: AccountApi) -> None:
        await api.set_avatar(self.user_id, "https://example.com/a.png")
    @on_input
    def arrived(self, note: str, signed: bool = True) -> None:
        self.note = note
'''


@pytest.fixture
def parcel(program: Program, monkeypatch: pytest.MonkeyPatch) -> Program:
    monkeypatch.syspath_prepend(program.folder)
    monkeypatch.delitem(sys.modules, "post", raising=False)
    (program.folder / "post.py").write_text(OWN_FLOW)
    program.settings["flows"] = "post:Parcel"
    return program


def test_a_password_is_reset_without_a_terminal_in_two_commands(
    program: Program, desk: SandboxDesk, phone: str
) -> None:
    run = program(
        "run", "password-reset", "--phone", phone, "--secrets-from", "-", hand_in={"new_password": "Neu12345"}
    )
    assert run.code == 4
    assert "requesting_code -> awaiting_code" in run.out
    journey = run.out.split()[1]
    assert run.sentence == f"go on with: onboarding send {journey} code_entered --secrets-from -"

    sent = program("send", journey, "code_entered", "--secrets-from", "-", hand_in={"code": desk.latest_code(phone)})
    assert (sent.code, sent.err) == (0, "")
    assert sent.out == f"{journey} is done in password_reset\n"
    (known,) = [each for each in desk.users() if each["phone"] == phone]
    assert desk.check_password(known["userId"], "Neu12345")

    shown = program.here("show", journey)
    assert "the new password works" in shown.out
    assert [word for word in ("ticket_issued", "reset", "logged_in") if word not in shown.out] == []
    assert phone not in shown.out

    whole = program.here("show", journey, "--json").document
    assert whole["data"]["phone"] == "•••"
    assert [row["trigger"] for row in whole["transitions"]] == [
        "started", "code_sent", "code_entered", "ticket_issued", "reset", "logged_in",
    ]  # fmt: skip
    assert "state password_reset current" not in program.here("graph", "password-reset").out
    assert "class password_reset current" in program.here("graph", journey).out
    assert "class password_reset current" in program.here("show", journey, "--graph").out


def test_a_journey_that_is_recorded_is_advanced_by_one_pass_and_by_waiting(
    program: Program, user: str, desk: SandboxDesk
) -> None:
    first = program.here("start", "avatar-change", "--user-id", user, "--avatar", "https://example.com/1.png")
    assert first.code == 0
    again = program.here(
        "start", "avatar-change", "--user-id", user, "--avatar", "https://example.com/1.png", "--json", "--key", "k"
    )
    assert again.document["state"] == "setting_avatar"
    assert again.document["id"] != first.out.strip()
    same = program.here(
        "start", "avatar-change", "--user-id", user, "--avatar", "https://example.com/1.png", "--key", "k"
    )
    assert same.out.strip() == again.document["id"]
    passed = program.here("worker", "--once")
    assert (passed.code, passed.out) == (0, "")
    assert "advanced 2 times" in passed.err
    waited = program.here("wait", first.out.strip(), "--json")
    assert waited.code == 0
    assert waited.document["outcome"]["ended_well"] is True
    assert len(waited.document["transitions"]) == 3
    assert desk.user(user)["avatar"].startswith("https://example.com/")


def test_an_input_after_which_the_journey_waits_again_ends_with_4(
    program: Program, desk: SandboxDesk, phone: str
) -> None:
    run = program.here("run", "phone-verification", "--phone", phone, "--json")
    send = ("send", run.document["id"], "code_entered", "--secrets-from", "-")
    wrong = program.here(*send, hand_in={"code": "000000"})
    assert (wrong.code, wrong.out) == (4, f"{run.document['id']} is waiting in awaiting_code, after code_wrong\n")
    right = program.here(*send, hand_in={"code": desk.latest_code(phone)})
    assert (right.code, right.out) == (0, f"{run.document['id']} is done in phone_verified\n")


def test_a_watch_ends_with_1_where_the_review_refuses_and_with_4_where_time_is_up(
    program: Program, desk: SandboxDesk, user: str
) -> None:
    task = desk.create_task(user, "JOB_TYPE_TA_OPEN")
    watch = ("run", "task-watch", "--user-id", user, "--task-type", "JOB_TYPE_TA_OPEN", "--json")
    early = program.here(*watch, "--timeout", "1s")
    assert early.code == 4
    assert early.document["status"] == "polling"
    assert "the time was up; it goes on with: onboarding wait" in early.err
    still = program.here("wait", early.document["id"], "--timeout", "100ms")
    assert still.code == 4
    assert "the time was up; go on with: onboarding wait" in still.err
    desk.move_task(task, "Rejected")
    late = program.here("wait", early.document["id"])
    assert late.code == 1
    assert "failed: task_refused" in late.out


def test_a_kyc_update_takes_its_changes_as_json_in_place_from_a_file_and_from_standard_input(
    program: Program, desk: SandboxDesk, user: str
) -> None:
    desk.set_course("JOB_TYPE_TA_UPDATE_OWNER", [(0.2, "Finished")], user_id=user)
    changes = {"base": {"city": "Wanchai"}}
    (program.folder / "changes.json").write_text(json.dumps(changes))
    for given, hand_in in ((json.dumps(changes), None), ("@changes.json", None), ("@-", changes)):
        started = program.here("start", "kyc-update", "--user-id", user, "--changes", given, hand_in=hand_in)
        assert (started.code, started.err) == (0, "")
    page = program.here("list", "--flow", "kyc-update", "--json", "--limit", "2").document
    assert len(page["journeys"]) == 2
    following = program.here("list", "--flow", "kyc-update", "--json", "--after", page["next"]).document
    assert (len(following["journeys"]), following["next"]) == (1, None)
    assert "kyc-update" in program.here("list").out
    assert program.here("list", "--status", "done", "--older-than", "36h", "--json").document["journeys"] == []
    counted = program.here("list", "--count", "--json").document
    assert counted == [{"flow": "kyc-update", "status": "working", "state": "reading_account", "count": 3}]
    journey = page["journeys"][0]["id"]
    revealed = program.here("show", journey, "--reveal", "changes")
    assert json.loads(revealed.out) == changes
    cancelled = program.here("cancel", journey, "--reason", "not needed", "--json")
    assert cancelled.code == 0
    assert cancelled.document["status"] == "cancelled"


def test_the_ticket_of_a_verified_number_can_be_taken_over(program: Program, desk: SandboxDesk, phone: str) -> None:
    done = program.here("run", "phone-verification", "--phone", phone, "--no-send-sms", "--json")
    assert done.code == 0, done.err
    journey = done.document["id"]
    ticket = program.here("show", journey, "--reveal", "ticket").out
    assert len(ticket) > 20
    assert ticket not in program.here("show", journey, "--json").out


def test_what_is_in_doubt_waits_for_a_persons_word(parcel: Program, desk: SandboxDesk, user: str) -> None:
    desk.add_fault("2.10", "error_500", times=1, effect=True)
    parked = parcel.here("run", "parcel", "--user-id", user)
    assert parked.code == 3
    assert "it needs: find out whether it did" in parked.out
    journey = parked.out.split()[1]
    listed = parcel.here("list", "--status", "parked", "--json").document["journeys"]
    assert [each["parked"]["kind"] for each in listed] == ["in_doubt"]
    assert parcel.here("worker", "--once").code == 3
    refused = parcel.here("retry", journey)
    assert refused.code == 1
    assert "resolve it" in refused.sentence
    nothing = parcel.here("retry", "--all-parked", "--json")
    assert (nothing.code, nothing.document) == (0, [])
    assert nothing.sentence.startswith(
        "1 is parked for a person to look at, one by one, as what a retry sends may have"
    )
    resolved = parcel.here("resolve", journey, "--landed", "--reason", "seen in the back office", "--by", "Ada")
    assert resolved.out == f"{journey} is waiting in awaiting_word, after left\n"
    assert "landed by Ada: seen in the back office" in parcel.here("show", journey).out
    sent = parcel.here("send", journey, "arrived", "--note", "on the mat", "--no-signed", "--json")
    assert sent.document["state"] == "sent"


def test_a_journey_of_ones_own_flow_is_named_by_its_path(parcel: Program, user: str) -> None:
    started = parcel.here("start", "post:Parcel", "--user-id", user, flows=None)
    assert started.code == 0
    assert started.sentence == "whoever goes on with it needs ONBOARDING_FLOWS=post:Parcel"
    unknown = parcel.here("show", started.out.strip(), flows=None)
    assert unknown.code == 0
    assert "cannot be read here" in unknown.err
    assert "parcel" in unknown.out


def test_a_decision_on_a_journey_whose_flow_is_unknown_here_is_wrong_usage_and_leaves_it_alone(
    parcel: Program, user: str
) -> None:
    one, other = (parcel.here("start", "parcel", "--user-id", user).out.strip() for _ in range(2))
    assert parcel.here("worker", "--once").code == 0
    for words in (
        ["send", one, "arrived", "--note", "x"], ["cancel", one], ["retry", one],
        ["resolve", one, "--landed", "--reason", "x"], ["graph", one],
    ):  # fmt: skip
        refused = parcel.here(*words, flows=None)
        assert (refused.code, refused.out) == (2, "")
        assert "the flow 'parcel' is not known" in refused.sentence or "no flow is named 'parcel'" in refused.sentence
    several = parcel.here("retry", one, other, flows=None)
    assert (several.code, several.out) == (1, "")
    assert several.err.count("no flow is named 'parcel'") == 2
    assert [each["status"] for each in parcel.here("list", "--json").document["journeys"]] == ["waiting"] * 2
    assert parcel.here("cancel", one).code == 0


def test_parked_journeys_are_tried_again_once_the_reason_is_mended(program: Program, user: str) -> None:
    refused = program.here(
        "run", "avatar-change", "--user-id", user, "--avatar", "https://example.com/1.png", "--json",
        api_token="wrong",
    )  # fmt: skip
    assert refused.code == 3
    assert refused.document["parked"]["kind"] == "rejected"
    journey = refused.document["id"]
    again = program.here("retry", journey, api_token="wrong")
    assert again.code == 3
    assert again.out.startswith(f"{journey} is parked in setting_avatar\n  rejected: the request was refused as")
    assert "it needs: mend the settings" in again.out
    retried = program.here("retry", journey)
    assert (retried.code, retried.out) == (0, f"{journey} is done in avatar_changed\n")
    ids = [
        program.here("start", "avatar-change", "--user-id", user, "--avatar", "https://example.com/1.png").out.strip()
        for _ in range(2)
    ]
    assert program.here("worker", "--once", api_token="wrong").code == 3
    every = program.here("retry", "--all-parked", "--json")
    assert every.code == 0
    assert sorted(each["id"] for each in every.document) == sorted(ids)
    assert program.here("worker", "--once").code == 0


def test_what_a_restored_journal_parks_is_left_to_a_person_and_said_to_be(program: Program, phone: str) -> None:
    journeys = [program.here("start", "phone-verification", "--phone", phone).out.strip() for _ in range(2)]
    (program.folder / "journal.db.mark").unlink()  # as of a copy
    assert program.here("worker", "--once").code == 3
    every = program.here("retry", "--all-parked")
    assert (every.code, every.out) == (0, "")
    assert every.sentence == (
        "2 are parked for a person to look at, one by one, as what a retry sends may have been done already: "
        "onboarding list --status parked"
    )
    listed = program.here("list", "--status", "parked", "--json").document["journeys"]
    assert {each["id"]: each["parked"]["kind"] for each in listed} == dict.fromkeys(journeys, "restored")
    assert program.here("retry", journeys[0]).code != 3


def test_the_log_is_json_lines_without_a_personal_datum(program: Program, phone: str) -> None:
    log = program.folder / "log.jsonl"
    done = program("--log-json", str(log), "run", "phone-verification", "--phone", phone, "--no-send-sms")
    assert done.code == 0
    events = [json.loads(line) for line in log.read_text().splitlines()]
    moves = [event for event in events if "trigger" in event]
    assert [event["trigger"] for event in moves] == ["started", "code_received", "ticket_issued"]
    wanted = {"journey", "flow", "seq", "trigger", "source", "dest", "attempt", "duration", "mcode"}
    assert all(wanted <= event.keys() for event in moves)
    assert phone not in log.read_text()


def test_flows_and_pictures_are_shown_without_a_journal_or_an_api(program: Program, tmp_path: Path) -> None:
    flows = program.here("flows", "--json", tenant_id=None, api_token=None).document
    reset = next(flow for flow in flows if flow["name"] == "password-reset")
    assert reset["inputs"] == ["code_entered", "resend"]
    assert {"name": "new_password", "option": "--new-password", "secret": True, "required": True} in reset["fields"]
    drawn = tmp_path / "reset.dot"
    assert program.here("graph", "password-reset", "--format", "dot", "--output", str(drawn)).out == ""
    assert drawn.read_text().startswith('digraph "password-reset"')
    assert not (tmp_path / "journal.db").exists()
