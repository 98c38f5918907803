from __future__ import annotations

import base64
import hashlib
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from onboarding.errors import JournalDamaged, KeyMismatch, OnboardingError, SettingsError
from onboarding.journal import Keyring, digest

KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()
OTHER = base64.urlsafe_b64encode(bytes(range(1, 33))).decode()
RING = Keyring([KEY])
places = st.text(max_size=20)


@given(plain=st.binary(max_size=2000), journey=places, field=places)
def test_what_is_sealed_opens_to_the_same(plain: bytes, journey: str, field: str) -> None:
    blob = RING.seal(plain, journey=journey, field=field)
    assert RING.unseal(blob, journey=journey, field=field) == plain
    assert len(blob) == len(plain) + 33


@given(st.tuples(places, places), st.tuples(places, places))
def test_it_opens_in_its_own_place_only(one: tuple[str, str], other: tuple[str, str]) -> None:
    blob = RING.seal(b"plain", journey=one[0], field=one[1])
    if one == other:
        assert RING.unseal(blob, journey=other[0], field=other[1]) == b"plain"
    else:
        with pytest.raises(JournalDamaged):
            RING.unseal(blob, journey=other[0], field=other[1])


def test_where_one_name_ends_and_the_next_begins_matters() -> None:
    blob = RING.seal(b"plain", journey="ab", field="c")
    with pytest.raises(JournalDamaged):
        RING.unseal(blob, journey="a", field="bc")


def test_no_byte_of_it_can_be_changed_or_cut() -> None:
    blob = RING.seal(b"plain", journey="j1", field="data")
    for place in range(len(blob)):
        changed = bytearray(blob)
        changed[place] ^= 1
        with pytest.raises((JournalDamaged, KeyMismatch)):
            RING.unseal(bytes(changed), journey="j1", field="data")
        with pytest.raises((JournalDamaged, KeyMismatch)):
            RING.unseal(blob[:place], journey="j1", field="data")


def test_an_error_names_the_journey_and_keeps_no_trace_of_what_was_sealed() -> None:
    blob = RING.seal(b"hunter2", journey="j1", field="data")
    with pytest.raises(JournalDamaged, match="journey j1") as damaged:
        RING.unseal(blob[:-1] + bytes([blob[-1] ^ 1]), journey="j1", field="data")
    assert damaged.value.__context__ is None
    with pytest.raises(KeyMismatch, match="journey j1"):
        Keyring([OTHER]).unseal(blob, journey="j1", field="data")


def test_the_same_twice_is_sealed_differently() -> None:
    assert RING.seal(b"plain", journey="j", field="f") != RING.seal(b"plain", journey="j", field="f")


def test_the_first_key_seals_and_all_open() -> None:
    old = RING.seal(b"plain", journey="j", field="f")
    both = Keyring([SecretStr(OTHER), KEY, OTHER])
    assert len(both.ids) == 2
    assert not both.is_primary(old)
    new = both.reseal(old, journey="j", field="f")
    assert new is not None
    assert both.is_primary(new)
    assert both.reseal(new, journey="j", field="f") is None
    assert Keyring([OTHER]).unseal(new, journey="j", field="f") == b"plain"


def test_a_key_shows_in_neither_its_id_nor_the_keyring() -> None:
    ring = Keyring([KEY, OTHER])
    assert repr(ring) == f"Keyring({ring.ids[0]}, {ring.ids[1]})"
    assert ring.key_id(ring.seal(b"", journey="", field="")).hex() == ring.ids[0]
    for raw in (bytes(range(32)), bytes(range(1, 33))):
        assert hashlib.sha256(raw).hexdigest()[:8] not in ring.ids
        assert raw[:4].hex() not in ring.ids
    with pytest.raises(TypeError):
        pickle.dumps(ring)


def test_a_new_key_is_taken_and_is_new() -> None:
    keys = {Keyring.generate_key() for _ in range(10)}
    assert len(keys) == 10
    assert len(Keyring(sorted(keys)).ids) == 10


@pytest.mark.parametrize("bad", ["", "hunter2", KEY[:-4], KEY + "AAAA", "é" * 44, KEY.replace("A", "?")])
def test_a_bad_key_is_named_by_its_place_and_not_shown(bad: str) -> None:
    with pytest.raises(SettingsError, match=r"key 2 of ONBOARDING_KEYS.*onboarding keys new") as refused:
        Keyring([KEY, SecretStr(bad)])
    assert refused.value.__context__ is None
    assert KEY not in str(refused.value)
    assert not bad or bad not in str(refused.value)


def test_no_key_at_all_is_refused() -> None:
    with pytest.raises(SettingsError, match="ONBOARDING_KEYS"):
        Keyring([])


def test_what_was_never_sealed_is_damage() -> None:
    for blob in (b"", b"plain text that nobody sealed, and long enough", bytes(100)):
        with pytest.raises(OnboardingError):
            RING.is_primary(blob)


def test_a_digest_depends_on_pepper_and_text() -> None:
    assert len(digest(b"pepper", "é")) == 32
    assert digest(b"pepper", "key") == digest(b"pepper", "key")
    assert len({digest(b"p", "key"), digest(b"q", "key"), digest(b"p", "yek")}) == 3
