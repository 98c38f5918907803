"""Logs: structured events through loguru; silent in an embedding application until ``logger.enable("onboarding")``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from loguru import logger

if TYPE_CHECKING:
    from loguru import Record

__all__ = ["log", "redact"]

_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_NUMBER = r"(?<!\w)(?<!\d\.)\+?\d(?:(?:[ -]|\)[ -]?)?\d){5,}(?!\w|\.\d)"
_ADDRESS = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)*")
_NAMED = re.compile(
    r"""(?ix) ((?:password|passwd|pwd|token|ticket|code|secret|key)[\w-]*["']?\s*[=:]\s*) (?:"[^"]*"|'[^']*'|\S+)"""
)
_DIGITS = re.compile(f"(?P<id>{_UUID})|{_NUMBER}")


def redact(text: str) -> str:
    """The text without what looks like an address, a number of six or more digits, or a named secret.

    A UUID, as journeys have it, stays. Nothing of the kind is ever logged on purpose; this is the net below.
    """
    text = _NAMED.sub(r"\1•••", _ADDRESS.sub("•@•", text))
    return _DIGITS.sub(lambda match: match["id"] or "•••", text)


def _patch(record: Record) -> None:
    record["message"] = redact(record["message"])
    # A traceback may show values of the frames that it passes: its type is enough, the place is in the message.
    record["exception"] = None


log = logger.patch(_patch)
logger.disable("onboarding")
