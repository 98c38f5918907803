"""The chain over a history: what was signed is told from everything else."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest

from onboarding.journal import Chain, Link, TransitionRecord

from .samples import a_record

CHAIN = Chain(b"pepper")
FIRST = CHAIN.sign(a_record("j1"), b"")
SECOND = CHAIN.sign(a_record("j1", 2), FIRST.mac or b"")


def test_a_row_is_what_it_was_signed_as_after_the_row_it_was_signed_after() -> None:
    assert CHAIN.link(FIRST, b"") is Link.ORDINARY
    assert CHAIN.link(SECOND, FIRST.mac or b"") is Link.ORDINARY
    assert CHAIN.link(SECOND, b"") is None
    assert CHAIN.link(FIRST, FIRST.mac or b"") is None
    assert Chain(b"pepper").link(FIRST, b"") is Link.ORDINARY
    assert Chain(b"another").link(FIRST, b"") is None


@pytest.mark.parametrize("name", [field.name for field in fields(TransitionRecord)])
def test_a_change_of_any_part_of_a_row_is_found(name: str) -> None:
    value = getattr(FIRST, name)
    others: list[object] = [None, b"", b"x", "", 0]
    if isinstance(value, str):
        others += [value + " ", value[:-1]]
    elif isinstance(value, int | float):
        others += [value + 1, -value, str(value)]
    elif isinstance(value, bytes):
        others += [value[:-1] + bytes([value[-1] ^ 1]), value[:16], value.hex()]
    else:
        others = [value + timedelta(microseconds=1)]
    for other in others:
        changed: dict[str, Any] = {name: other}
        assert CHAIN.link(replace(FIRST, **changed), b"") is None, (name, other)


def test_no_two_rows_are_signed_alike_because_a_part_slips_into_the_next() -> None:
    rows = [replace(FIRST, trigger="ab", source="c"), replace(FIRST, trigger="a", source="bc")]
    rows += [replace(FIRST, mcode="x", worker=None), replace(FIRST, mcode=None, worker="x")]
    rows += [replace(FIRST, trigger='a", "b', source="c"), replace(FIRST, trigger="a", source='b", "c')]
    assert len({CHAIN.sign(row, b"").mac for row in rows}) == len(rows)


def test_a_row_that_was_signed_apart_does_not_pass_for_another() -> None:
    apart = CHAIN.sign(a_record("j1", 2), FIRST.mac or b"", Link.APART)
    assert CHAIN.link(apart, FIRST.mac or b"") is Link.APART
    assert apart.mac != SECOND.mac


def test_only_rows_signed_apart_are_followed() -> None:
    start = FIRST.mac or b""
    apart = CHAIN.sign(a_record("j1", 2), start, Link.APART)
    third = CHAIN.sign(a_record("j1", 3), apart.mac or b"", Link.APART)
    assert CHAIN.follow([apart, third], start) == third.mac
    assert CHAIN.follow([SECOND], start) == start
    assert CHAIN.follow([replace(apart, detail="other words"), third], start) == start
    assert CHAIN.follow([a_record("j1", 1), a_record("j1", 2)], b"") == b""
