"""The names of the endpoints: the contract's section numbers, used by faults, ledger and request log."""

from __future__ import annotations

from types import MappingProxyType

__all__ = ["SECTIONS"]

SECTIONS = MappingProxyType(
    {
        "1": "List result codes",
        "2.1": "Get mobile verification code",
        "2.2": "Verify mobile verification code",
        "2.3": "Reset password by mobile",
        "2.4": "Register by mobile",
        "2.5": "Register by e-mail",
        "2.6": "Log in",
        "2.7": "Query users",
        "2.8": "Query a user's details",
        "2.9": "Change password",
        "2.10": "Change avatar",
        "2.11": "Query account info",
        "2.12": "Update account info",
        "2.13": "Query a review task's state",
        "2.14": "Send e-mail verification code",
        "2.15": "Register with e-mail verification code",
    }
)
