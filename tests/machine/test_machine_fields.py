"""The types of a flow's fields: what they take, what they make of it, and that a secret shows nowhere."""

from __future__ import annotations

import copy
import logging
import traceback
from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field, SecretStr, TypeAdapter, ValidationError

from onboarding import Done, Duration, Email, Flow, HandedOver, Phone, Secret, VerificationCode, Working, later, read
from onboarding.machine.fields import REVEAL, is_handed_over, is_later, is_secret


class Person(Flow, name="person"):
    """A field of every type."""

    phone: Phone
    email: Email
    password: Secret
    pause: Duration = timedelta(minutes=5)
    old_passwords: list[Secret] = Field(default_factory=list)
    spare: Secret | None = None
    code: VerificationCode = later()
    ticket: HandedOver = later()
    spare_ticket: HandedOver | None = None

    states: ClassVar = [Working("looking"), Done("seen")]
    transitions: ClassVar = [["found", "looking", "seen"]]

    @read(then="found")
    async def looking(self, api: Any) -> None: ...


PHONE, EMAIL = "15912345678", "somebody@example.com"
SECRETS = {
    "password": "Abcd1234~",
    "spare": "Bcde2345~",
    "code": "602843",
    "ticket": "VDAwMTExN1RX",
    "spare_ticket": "WDAwMTExN1RX",
}
LISTED = ["Cdef3456~", "Defg4567~"]


def person(**fields: Any) -> Person:
    return Person.model_validate({"phone": PHONE, "email": EMAIL, "password": SECRETS["password"]} | fields)


@pytest.fixture
def full() -> Person:
    return person(**SECRETS, old_passwords=LISTED)


def read_as(kind: Any, value: Any) -> Any:
    return TypeAdapter(kind).validate_python(value)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("15912345678", "15912345678"),
        ("+8615912345678", "+8615912345678"),
        (" 159 1234-5678 ", "15912345678"),
        ("+86 (159) 1234.5678", "+8615912345678"),
        ("159/1234/5678", "15912345678"),
        ("159\u00a01234\u00a05678", "15912345678"),
        ("12345", "12345"),
        ("+" + "1" * 15, "+" + "1" * 15),
    ],
)
def test_a_phone_is_kept_as_digits(written: str, kept: str) -> None:
    assert read_as(Phone, written) == kept


@pytest.mark.parametrize(
    "written",
    ["", "1234", "1" * 16, "159+12345678", "++15912345678", "1591234567a", "159,12345678", "+", "١٢٣٤٥٦",
     "1591234567\u0660", "159 " * 11, None, 15912345678],
)  # fmt: skip
def test_what_is_no_phone_is_not_taken(written: object) -> None:
    with pytest.raises(ValidationError):
        read_as(Phone, written)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("somebody@example.com", "somebody@example.com"),
        ("  somebody@Example.COM ", "somebody@example.com"),
        ("Some.Body+tag@example.com", "Some.Body+tag@example.com"),
        ("qa@stand.in.test", "qa@stand.in.test"),
    ],
)
def test_an_email_is_kept_normalized(written: str, kept: str) -> None:
    assert read_as(Email, written) == kept


@pytest.mark.parametrize(
    "written",
    ["", "somebody", "somebody@", "@example.com", "a@b", "a b@example.com", "a@example.com, b@example.com",
     "Some Body <a@example.com>", "a@exa\nmple.com", "a@" + "b" * 400 + ".com", None, 5],
)  # fmt: skip
def test_what_is_no_email_is_not_taken(written: object) -> None:
    with pytest.raises(ValidationError):
        read_as(Email, written)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("90s", 90), ("15m", 900), ("36h", 129_600), ("14d", 1_209_600), ("250ms", 0.25), ("1.5h", 5400),
     (" 2 d ", 172_800),
     ("45", 45), (45, 45), (0.5, 0.5), ("PT15M", 900), ("P2D", 172_800), ("00:01:30", 90),
     (timedelta(hours=1), 3600)],
)  # fmt: skip
def test_a_duration_is_read_as_people_and_programs_write_it(written: object, seconds: float) -> None:
    assert read_as(Duration, written) == timedelta(seconds=seconds)


@pytest.mark.parametrize("written", ["", "soon", "5 weeks", "5x", "m", "1h30", "nan", "9" * 20 + "d", "1e9d", None, []])
def test_what_is_no_duration_is_not_taken(written: object) -> None:
    with pytest.raises(ValidationError):
        read_as(Duration, written)


@pytest.mark.parametrize(
    ("written", "kept"), [("602843", "602843"), (" 602 843\n", "602843"), ("aB3", "aB3"), ("1" * 16, "1" * 16)]
)
def test_a_code_is_kept_without_the_blanks_that_people_copy_along(written: str, kept: str) -> None:
    assert read_as(VerificationCode, written).get_secret_value() == kept


@pytest.mark.parametrize("written", ["", "   ", "60-2843", "1" * 17, "६०२८४३", "60\u200b2843", None, 602843])
def test_what_is_no_code_is_not_taken(written: object) -> None:
    with pytest.raises(ValidationError):
        read_as(VerificationCode, written)


@pytest.mark.parametrize("kind", [Secret, HandedOver])
def test_a_secret_is_kept_to_the_letter_and_is_not_empty(kind: Any) -> None:
    assert read_as(kind, "  päss wörd\n").get_secret_value() == "  päss wörd\n"
    assert read_as(kind, SecretStr("x")).get_secret_value() == "x"
    with pytest.raises(ValidationError, match="must not be empty"):
        read_as(kind, "")


def shown(flow: Flow) -> dict[str, str]:
    """Everything that a careless line of code could make of it."""
    record = logging.LogRecord("x", logging.INFO, "x.py", 1, "%s %r", (flow, flow), None)
    return {
        "str": str(flow),
        "repr": repr(flow),
        "format": f"{flow}",
        "log": record.getMessage(),
        "json": flow.model_dump_json(),
        "json values": str(flow.model_dump(mode="json")),
        "python values": str(flow.model_dump()),
        "another context": str(flow.model_dump(mode="json", context={"other": 1})),
        "no revealing": str(flow.model_dump(mode="json", context={"reveal": False})),
        "dict": str(dict(flow)),
        "attributes": str(vars(flow)),
    }


def test_a_secret_is_masked_wherever_a_flow_is_shown(full: Person) -> None:
    hidden = [*SECRETS.values(), *LISTED]
    assert {way: text for way, text in shown(full).items() if any(secret in text for secret in hidden)} == {}


def test_a_flow_in_words_shows_none_of_its_fields(full: Person) -> None:
    assert (str(full), repr(full), f"{full!s} {[full]}") == ("Person()", "Person()", "Person() [Person()]")


def test_secrets_are_revealed_in_the_context_of_sealing_and_read_back_the_same(full: Person) -> None:
    kept = full.model_dump(mode="json", context=REVEAL)
    assert {name: kept[name] for name in SECRETS} == SECRETS
    assert kept["old_passwords"] == LISTED
    assert Person.model_validate(kept) == full
    assert Person.model_validate(kept).model_dump(mode="json", context=REVEAL) == kept


@given(
    password=st.text(min_size=1, max_size=40),
    pause=st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=10_000)),
    code=st.from_regex(r"[0-9A-Za-z]{1,16}", fullmatch=True),
)
@settings(max_examples=100, deadline=None)
def test_what_is_sealed_is_read_back_as_it_was(password: str, pause: timedelta, code: str) -> None:
    flow = person(password=password, pause=pause, code=code)
    again = Person.model_validate_json(flow.model_dump_json(context=REVEAL, exclude={"ticket"}))
    assert again == flow


BAD: dict[str, tuple[str, Callable[[str], dict[str, Any]]]] = {
    "phone": ("0049-CANARY", lambda value: {"phone": value}),
    "email": ("CANARY at example", lambda value: {"email": value}),
    "password": ("CANARY", lambda value: {"password": [value]}),
    "code": ("CANARY-CANARY-CANARY", lambda value: {"code": value}),
    "duration": ("CANARY", lambda value: {"pause": value}),
    "unknown field": ("CANARY", lambda value: {"nothing": value}),
    "list": ("CANARY", lambda value: {"old_passwords": value}),
}


@pytest.mark.parametrize("case", BAD)
def test_an_error_never_shows_the_value(case: str) -> None:
    value, fields = BAD[case]
    with pytest.raises(ValidationError) as caught:
        person(**fields(value))
    error = caught.value
    frames = traceback.TracebackException.from_exception(error)
    assert "CANARY" not in f"{error} {error!r}" + "".join(frames.format())


@pytest.mark.parametrize(("name", "value"), [("phone", "CANARY"), ("code", "CANARY CANARY CANARY")])
def test_a_field_is_checked_when_a_step_sets_it_and_the_error_does_not_show_it(name: str, value: str) -> None:
    flow = person()
    with pytest.raises(ValidationError) as caught:
        setattr(flow, name, value)
    assert "CANARY" not in str(caught.value)
    assert flow == person()


def test_a_flow_takes_no_field_that_it_does_not_have() -> None:
    with pytest.raises(ValidationError, match="nothing"):
        person(nothing=1)
    with pytest.raises(ValueError, match="nothing"):
        person().nothing = 1  # type: ignore[attr-defined]


def test_a_later_field_is_not_asked_for_and_can_be_wiped(full: Person) -> None:
    assert [vars(person())[name] for name in ("code", "ticket")] == [None, None]
    full.wipe("code", "ticket")
    assert [vars(full)[name] for name in ("code", "ticket")] == [None, None]
    assert "602843" not in str(vars(full))


def test_only_a_later_field_can_be_wiped(full: Person) -> None:
    with pytest.raises(TypeError, match=r"Person\.password is not declared with later\(\): it cannot be wiped"):
        full.wipe("code", "password")
    assert full.password.get_secret_value() == SECRETS["password"]


def test_a_copy_that_is_kept_is_not_wiped_with_it(full: Person) -> None:
    before = copy.deepcopy(full.__dict__)
    full.wipe("code")
    assert before["code"].get_secret_value() == SECRETS["code"]


def test_what_is_secret_later_or_handed_over_can_be_told_from_the_class() -> None:
    fields = Person.model_fields
    assert {name for name, field in fields.items() if is_later(field)} == {"code", "ticket"}
    assert {name for name, field in fields.items() if is_secret(field.annotation)} == {*SECRETS, "old_passwords"}
    handed = {name for name, field in fields.items() if is_handed_over(field.annotation, field.metadata)}
    assert handed == {"ticket", "spare_ticket"}
