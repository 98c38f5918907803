"""An answer sorted, without a network: many malformed ones, and which code is believed where."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onboarding.api import ENDPOINTS, Meaning
from onboarding.api.codes import CREDENTIALS, RESULT_CODES, CodeTable
from onboarding.api.envelope import MAX_SIZE, Answer, Trouble, read_answer, unpack
from onboarding.api.retry_after import seconds_to_wait
from onboarding.api.strict_json import NotStrict, load
from onboarding.errors import InDoubt, NotSent, Refused, RefusedByProtocol, SettingsError

VERIFY = ENDPOINTS["verify_mobile_code"]
CODES = CodeTable()


def sort(body: bytes | str, status: int = 200, endpoint: Any = VERIFY) -> Answer | Trouble:
    return read_answer(endpoint, CODES, status, body.encode() if isinstance(body, str) else body)


def envelope(**changes: Any) -> str:
    return json.dumps({"result": True, "mcode": "m0000000", "data": None, **changes})


@pytest.mark.parametrize(
    "body",
    [
        "",
        " ",
        "null",
        "[]",
        "true",
        '"text"',
        "<html></html>",
        "{}",
        '{"result": true}',
        '{"mcode": "m0000000"}',
        '{"result": true, "mcode": "m0000000",}',
        '{"result": true, "mcode": "m0000000"} x',
        '{"result": true, "mcode": "m0000000"}{}',
        "{'result': true, 'mcode': 'm0000000'}",
        '{"result": true, "mcode": "m0000000" /* ok */}',
        '{"result": true, "result": true, "mcode": "m0000000"}',
        '{"result": true, "mcode": "m0000000", "data": {"a": 1, "a": 1}}',
        '{"result": true, "mcode": "m0000000", "data": NaN}',
        '{"result": true, "mcode": "m0000000", "data": -Infinity}',
        '{"result": true, "mcode": "m0000000", "data": 1e999}',
        '{"result": true, "mcode": "m0000000", "data": ' + "9" * 5000 + "}",
        '{"result": true, "mcode": "m0000000", "data": "\\ud800"}',
        '{"result": true, "mcode": "m0000000", "data": "a\nb"}',
        '{"result": true, "mcode": "m0000000", "data": ' + "[" * 100 + "]" * 100 + "}",
        '{"result": true, "mcode": "m0000000", "data": ' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"result": true, "mcode": "m0000000", "data": ' + '{"a":' * 100_000,
        "\ufeff" + envelope(),
        b"\xff\xfe" + envelope().encode("utf-16-le"),
        b'{"result": true, "mcode": "m0000000", "data": "\xff"}',
        b'{"result": true, "mcode": "m0000000", "data": "\xed\xa0\x80"}',
        envelope(result=1),
        envelope(result="true"),
        envelope(result=None),
        envelope(mcode=None),
        envelope(mcode=0),
        envelope(mcode=["m0000000"]),
        envelope(mcode="M0000000"),
        envelope(mcode="m0000000 "),
        envelope(result=False),
        envelope(result=True, mcode="SANDBOX_CODE_WRONG"),
        envelope(result=True, mcode="-1"),
        envelope(result=False, mcode=""),
        envelope(result=False, mcode="-1"),
        envelope(result=False, mcode=-1),
        envelope(result=False, mcode="PUB_AUTH_0000777"),
    ],
)
def test_an_answer_that_is_not_strict_is_in_doubt(body: bytes | str) -> None:
    found = sort(body)
    assert isinstance(found, Trouble)
    assert found.kind is InDoubt
    assert found.http_status == 200


def test_an_answer_may_have_fields_that_nobody_knows() -> None:
    found = sort(envelope(data={"x": "\U0001f600\\", "n": -0.5}, more=[1]))
    assert isinstance(found, Answer)
    assert found.data == {"x": "\U0001f600\\", "n": -0.5}
    assert isinstance(sort('{"result":true,"mcode":"m0000000"}\r\n'), Answer)


@pytest.mark.parametrize("code", RESULT_CODES)
def test_a_known_code_is_believed_on_its_endpoints_only(code: str) -> None:
    meaning = RESULT_CODES[code].meaning
    for endpoint in ENDPOINTS.values():
        found = sort(envelope(result=False, mcode=code), endpoint=endpoint)
        assert isinstance(found, Trouble)
        if meaning is Meaning.SYSTEM_ERROR or code not in endpoint.refusals:
            assert (found.kind, found.meaning) == (InDoubt, None)
        elif meaning in CREDENTIALS:
            assert found.kind is RefusedByProtocol
        else:
            assert (found.kind, found.meaning, found.mcode) == (Refused, meaning, code)
            assert found.reason == meaning.text


@pytest.mark.parametrize(
    ("code", "sections"),
    [
        ("PUB_AUTH_0000007", "2.5 2.14 2.15"),
        ("PUB_AUTH_0000008", "2.1 2.4"),
        ("PUB_AUTH_0000051", "2.3 2.4 2.5 2.9 2.15"),
        ("PUB_AUTH_0000052", "2.6"),
        ("PUB_AUTH_0000054", "2.9"),
        ("PUB_AUTH_0000055", "2.3 2.9"),
        ("PUB_AUTH_0000062", "2.9"),
        ("SANDBOX_CODE_USED", "2.2 2.4 2.15"),
        ("SANDBOX_TICKET_STALE", "2.3"),
        ("SANDBOX_ACCOUNT_LOCKED", "2.6"),
    ],
)
def test_a_code_stands_where_the_facts_have_it(code: str, sections: str) -> None:
    listed = [endpoint.section for endpoint in ENDPOINTS.values() if code in endpoint.refusals]
    assert listed == sections.split()


def test_every_meaning_has_a_text_and_a_place() -> None:
    assert len({meaning.text for meaning in Meaning}) == len(Meaning)
    for meaning in Meaning:
        table = CodeTable({"PUB_AUTH_0000900": meaning})
        assert any(table.meaning(one.section, "PUB_AUTH_0000900") is meaning for one in ENDPOINTS.values())


@pytest.mark.parametrize("code", ["", "m0000000", "-1"])
def test_success_and_system_error_keep_their_meaning(code: str) -> None:
    with pytest.raises(SettingsError):
        CodeTable({code: Meaning.CODE_WRONG})


@pytest.mark.parametrize(
    ("mcode", "shown"),
    [
        ("PUB_AUTH_0000777", True),
        ("BW_API_0000009", True),
        ("m0000001", True),
        ("15912345678", False),
        ("PUB_15912345678", False),
        ("code 931484", False),
        ("ann@example.org", False),
    ],
)
def test_a_code_is_shown_only_where_it_looks_like_one(mcode: str, shown: bool) -> None:
    found = sort(envelope(result=False, mcode=mcode))
    assert isinstance(found, Trouble)
    assert found.mcode == (mcode if shown else None)


def test_every_status_has_its_kind() -> None:
    kinds: dict[int, object] = {}
    for status in range(100, 600):
        found = sort(envelope(), status)
        kinds[status] = found.kind if isinstance(found, Trouble) else "answered"
    expected = dict.fromkeys(range(100, 600), InDoubt) | dict.fromkeys(range(400, 500), RefusedByProtocol)
    assert kinds == {**expected, 200: "answered", 408: InDoubt, 425: NotSent, 429: NotSent}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(JSON)
def test_strict_json_reads_what_json_writes(value: Any) -> None:
    for ascii_only in (False, True):
        assert load(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_sorted_without_an_error(body: bytes) -> None:
    found = sort(body)
    # Among any bytes is the one good answer, too.
    assert isinstance(found, Answer) or found.kind is InDoubt


def test_the_reason_of_a_broken_document_holds_nothing_of_it() -> None:
    for body in (b'{"canary": tru', b'"canary\xff', b'{"canary":1,"canary":1}'):
        with pytest.raises(NotStrict) as caught:
            load(body)
        assert caught.value.__context__ is None
        assert "canary" not in str(caught.value)


def test_a_body_is_unpacked_within_bounds() -> None:
    plain = b"x" * MAX_SIZE
    assert unpack(None, plain) == plain
    assert unpack("identity", plain + b"x") is None
    assert unpack("gzip", gzip.compress(plain)) == plain
    assert unpack(" GZIP", gzip.compress(plain + b"x")) is None
    assert unpack("gzip", gzip.compress(plain)[:-1]) is None
    assert unpack("gzip", gzip.compress(b"a") + b"rest") is None
    assert unpack("gzip", b"plain") is None
    assert unpack("br", plain) is None
    assert unpack("gzip, gzip", gzip.compress(gzip.compress(b"a"))) is None


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        (None, None),
        ("", None),
        ("0", 0.0),
        (" 120 ", 120.0),
        ("99999999999999999999", 86400.0),
        ("9" * 400, None),
        ("-1", None),
        ("1.5", None),
        ("1e3", None),
        ("५", None),
        ("5, 10", None),
        ("inf", None),
        ("Sun, 22 Nov 2026 12:01:00 GMT", 60.0),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0.0),
        ("Sun, 22 Nov 2026 12:01:00 -0000", 60.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 86400.0),
        ("Sun, 99 Nov 2026 12:01:00 GMT", None),
        ("Sunday, 22-Nov-26 12:01:00 GMT", 60.0),
        ("later", None),
    ],
)
def test_a_wait_is_read_or_ignored(header: str | None, wait: float | None) -> None:
    assert seconds_to_wait(header, datetime(2026, 11, 22, 12, tzinfo=UTC)) == wait
