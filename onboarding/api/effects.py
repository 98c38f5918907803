"""What repeating a call would do."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Effect"]


class Effect(StrEnum):
    """What it would do to send the same call twice; declared per endpoint, never taken from the HTTP verb."""

    READ = "read"
    """Nothing."""
    REPEATABLE = "repeatable"
    """A nuisance: another message, another failed login on the count."""
    ONCE = "once"
    """Never allowed: it uses something up, or makes something that exists once."""
