"""The net below the logs: what looks like a secret or a personal datum does not get through."""

from __future__ import annotations

import pytest

from onboarding.log import redact


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("called 15912345678.", "called •••."),
        ("called +86 159 1234 5678, then", "called •••, then"),
        ("(159) 1234-5678", "(•••"),
        ("http://127.0.0.1:8090/a?phone=15912345678&code=482913", "http://127.0.0.1:8090/a?phone=•••&code=•••"),
        ("/user/pwd/reset/15912345678/phone", "/user/pwd/reset/•••/phone"),
        ("phone-15912345678-home", "phone-•••-home"),
        ("482913", "•••"),
        ("to kanarie.osterlund+x@mail.example.com!", "to •@•!"),
        ("Kanárie@exämple.com", "•@•"),
        ("password=bird", "password=•••"),
        ("new_password: bird, newPwd: bird", "new_password: ••• newPwd: •••"),
        ('{"password": "two birds", "n": 1}', '{"password": •••, "n": 1}'),
        ("x-api-token: bird", "x-api-token: •••"),
        ("secret = 'two birds'", "secret = •••"),
        ("line\nTicket: bird\nline", "line\nTicket: •••\nline"),
    ],
)
def test_what_looks_secret_or_personal_is_masked(text: str, redacted: str) -> None:
    assert redact(text) == redacted


@pytest.mark.parametrize(
    "text",
    [
        "password-reset 0190a1b2-3c4d-7e5f-8a9b-123456789012: requesting_code -> verifying_code (code_received)",
        "01901112-3334-7555-8666-123456789012",
        "took 0.482913 s, 1234567.25 s",
        "at 12:34:56.482913",
        "http://127.0.0.1:65535",
        "mcode PUB_AUTH_0000051, HTTP 200, m0000000",
        "5 of 20 attempts",
    ],
)
def test_what_a_log_is_read_for_stays(text: str) -> None:
    assert redact(text) == text
