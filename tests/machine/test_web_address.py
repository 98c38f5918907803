"""Addresses that are handed on: https, on a host that is allowed, written so that it can be read in one way only."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from onboarding import WebAddress
from onboarding.machine.web_address import host_name, web_hosts

ADDRESS: TypeAdapter[str] = TypeAdapter(WebAddress)
LISTED = ["example.com", "192.0.2.7", "[2001:db8::1]"]


def read(value: str, *hosts: str) -> str:
    return ADDRESS.validate_python(value, context=web_hosts(hosts))


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("https://example.com/me.png", "https://example.com/me.png"),
        ("//example.com/me.png", "//example.com/me.png"),
        ("HTTPS://Pictures.EXAMPLE.com./Me.PNG?size=2&x=%41#top", "https://pictures.example.com/Me.PNG?size=2&x=%41#top"),
        ("https://example.com:8443/a/@b:c;d,e~!$&'()*+=", "https://example.com:8443/a/@b:c;d,e~!$&'()*+="),
        ("https://192.0.2.7/me.png", "https://192.0.2.7/me.png"),
        ("https://[2001:DB8:0::1]/me.png", "https://[2001:db8::1]/me.png"),
    ],
)  # fmt: skip
def test_an_address_on_a_listed_host_is_kept_with_the_host_in_one_spelling(written: str, kept: str) -> None:
    assert read(written, *LISTED) == kept
    assert read(kept, *LISTED) == kept


@pytest.mark.parametrize(
    "address",
    [
        "http://example.com/a", "ftp://example.com/a", "javascript:alert(1)", "data:image/png;base64,AA", "/a.png",
        "a.png", "https:/example.com/a", "https:example.com/a", "https:///example.com/a", "https://example.com", "https://example.com/",
        "https://user@example.com/a", "https://user:word@example.com/a", "https://example.com\\@evil.test/a",
        "https://example.com/\\a", "https://example.com/a b", "https://example.com/a\n", " https://example.com/a",
        "https://example.com/\u00e9", "https://ex\u00e4mple.com/a", "https://example\u3002com/a", "https://\uff45xample.com/a",
        "https://example.com\u200b/a", "https://ex%61mple.com/a", "https://example..com/a", "https://.example.com/a",
        "https://example.com../a", "https://-example.com/a", "https://exa_mple.com/a", "https://example.com:0/a",
        "https://example.com:65536/a", "https://example.com:/a", "https://example.com:x/a", "https:///a", "https://:443/a",
        f"https://{'a' * 64}.example.com/a", f"https://{'a.' * 126}example.com/a", f"https://example.com/{'a' * 2048}",
        "https://127.1/a", "https://2130706433/a", "https://0x7f.1/a", "https://0177.0.0.1/a", "https://192.0.2.7.1/a",
        "https://[::1/a", "https://[::g]/a", "https://[fe80::1%25eth0]/a", "https://[192.0.2.7]/a",
    ],
)  # fmt: skip
def test_what_is_no_plain_https_address_is_refused_whatever_is_listed(address: str) -> None:
    for hosts in (LISTED, ["*"]):
        with pytest.raises(ValidationError, match=r"must be an https address|at most 2048 characters"):
            read(address, *hosts)
    with pytest.raises(ValidationError):
        ADDRESS.validate_python(address)


@pytest.mark.parametrize(
    "host",
    ["evil.test", "notexample.com", "example.com.evil.test", "com", "localhost", "xn--exmple-cua.com", "127.0.0.1",
     "192.0.2.70", "1.192.0.2.7", "[::1]", "[::ffff:192.0.2.7]"],
)  # fmt: skip
def test_a_host_that_is_not_listed_is_refused_and_not_repeated(host: str) -> None:
    with pytest.raises(ValidationError, match="must be") as refused:
        read(f"https://{host}/canary.png", *LISTED)
    said = str(refused.value.errors(include_input=False))
    assert "canary" not in said
    assert host not in said


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "169.254.169.254"])
def test_all_hosts_are_all_that_have_a_name(host: str) -> None:
    assert read("https://anything.test/a", "*") == "https://anything.test/a"
    with pytest.raises(ValidationError, match="on a host that is allowed"):
        read(f"https://{host}/a", "*")


def test_with_an_empty_list_no_host_is_allowed() -> None:
    with pytest.raises(ValidationError, match="on a host that is allowed"):
        read("https://example.com/a")


def test_a_journey_that_is_read_back_is_not_asked_for_the_list_again() -> None:
    assert ADDRESS.validate_python("https://evil.test/a") == "https://evil.test/a"
    assert ADDRESS.validate_python("https://evil.test/a", context={"other": 1}) == "https://evil.test/a"


@given(
    st.text(st.sampled_from("abz019.-:[]@/\\%?#\u3002\uff0e\u00df "), max_size=20),
    st.sampled_from(["example.com", ".example.com", "@example.com", "#example.com", ""]),
)
@settings(max_examples=300, deadline=None)
def test_whatever_is_accepted_is_on_the_listed_host_for_another_reader_too(prefix: str, end: str) -> None:
    from urllib.parse import urlsplit

    try:
        kept = read(f"https://{prefix}{end}/a.png", "example.com")
    except ValidationError:
        return
    host = urlsplit(kept).hostname or ""
    assert host == "example.com" or host.endswith(".example.com")
    assert urlsplit(kept).username is None


@pytest.mark.parametrize(
    ("written", "compared"),
    [("Example.COM.", "example.com"), ("localhost", "localhost"), ("192.0.2.7", "192.0.2.7"), ("::1", "[::1]"),
     ("[0:0::1]", "[::1]"), ("", None), (".", None), ("a b", None), ("https://example.com", None),
     ("*.example.com", None), ("example.com:443", None), ("b\u00fccher.example", None), ("1.2.3", None)],
)  # fmt: skip
def test_a_host_is_compared_in_one_spelling(written: str, compared: str | None) -> None:
    assert host_name(written) == compared
