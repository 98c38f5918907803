"""Account information (contract 2.11), whose fields each tenant configures: kept whole."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["AccountInfo"]


@dataclass(frozen=True, slots=True)
class AccountInfo:
    """Account information as received.

    Attributes:
        raw: ``data`` of the answer with every field, unknown ones too, in the order received. Numbers with a
            fraction are doubles.
    """

    raw: dict[str, Any] = field(repr=False)

    def merged(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """A copy with the changes in it, to hand to ``update_account``.

        A mapping is merged into a mapping, at any depth; everything else (lists too) is replaced. Fields that
        the changes do not name are kept.
        """
        return _merge(self.raw, changes)

    def holds(self, changes: Mapping[str, Any]) -> bool:
        """Whether every leaf of the changes is there already."""
        return _holds(self.raw, changes)


def _is_mapping(value: Any) -> bool:
    return hasattr(value, "items")


def _merge(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    # In the order received, new names last, so that an unchanged account is written as it was read.
    merged: dict[str, Any] = {}
    for name in dict.fromkeys([*base, *changes]):
        if name not in changes:
            merged[name] = copy.deepcopy(base[name])
        elif _is_mapping(changes[name]):
            old = base.get(name)
            merged[name] = _merge(old if isinstance(old, dict) else {}, changes[name])
        else:
            merged[name] = copy.deepcopy(changes[name])
    return merged


def _holds(value: Any, wanted: Any) -> bool:
    if _is_mapping(wanted):
        return isinstance(value, dict) and all(
            name in value and _holds(value[name], part) for name, part in wanted.items()
        )
    return _same(value, wanted)


def _same(value: Any, wanted: Any) -> bool:
    """Equal as JSON: ``1`` is not ``true``, a tuple is a list, an object has the same names."""
    if isinstance(value, (list, tuple)) and isinstance(wanted, (list, tuple)):
        return len(value) == len(wanted) and all(map(_same, value, wanted))
    if _is_mapping(value) and _is_mapping(wanted):
        return value.keys() == wanted.keys() and all(_same(value[name], wanted[name]) for name in wanted)
    if isinstance(value, bool) or isinstance(wanted, bool):
        return value is wanted
    return bool(value == wanted)
