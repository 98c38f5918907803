"""Logs: structured events through loguru; silent in an embedding application until ``logger.enable("onboarding")``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from loguru import logger

if TYPE_CHECKING:
    from loguru import Record

__all__ = ["log", "redact"]

_PATTERNS = (
    (re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)*"), "•@•"),
    (re.compile(r"(?<![\w.-])\+?\d(?:[ -]?\d){5,}(?![\w.-])"), "•••"),
    (re.compile(r"(?i)\b(password|passwd|pwd|token|ticket|code|secret|key)(\s*[=:]\s*)\S+"), r"\1\2•••"),
)


def redact(text: str) -> str:
    """The text without what looks like an address, a number of six or more digits, or a named secret.

    Nothing of the kind is ever logged on purpose; this is the net below.
    """
    for pattern, mask in _PATTERNS:
        text = pattern.sub(mask, text)
    return text


def _patch(record: Record) -> None:
    record["message"] = redact(record["message"])
    # A traceback may show values of the frames that it passes: its type is enough, the place is in the message.
    record["exception"] = None


log = logger.patch(_patch)
logger.disable("onboarding")
