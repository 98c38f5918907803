"""The sandbox's settings: what a broker's back office would set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from onboarding.sandbox.passwords import Strength

__all__ = ["SandboxConfig"]

_EXTRA_FIELDS: Mapping[str, Any] = MappingProxyType(
    {
        "base": {"politicallyExposed": False, "taxNumbers": []},
        "broker": {"referralDesk": "HK-2", "riskScore": 17.5, "consents": {"marketing": None}},
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxConfig:
    """How one sandbox behaves.

    Attributes:
        tenant_id: the only accepted value of ``x-api-tenantId``.
        token: the only accepted value of ``x-api-token``.
        expired_tokens: values of ``x-api-token`` that are answered "token expired".
        code_lifetime: seconds until a verification code expires.
        code_tries: wrong tries after which a code is used up.
        ticket_lifetime: seconds until a ticket of 2.2 is stale.
        login_failures: failed logins after which the account locks.
        lock_lifetime: seconds until a lock lifts by itself.
        strength: the password rule of the tenant.
        extra_fields: what this tenant's field setting adds to the contract's account info (contract 2.11).
        seed: seeds codes and ids; ``None`` takes them from the system.
        hang_limit: seconds after which a hanging request is dropped all the same.
        requests_kept: how many requests the request log remembers.
    """

    tenant_id: str = "T001117"
    token: str = field(default="sandbox-token", repr=False)
    expired_tokens: frozenset[str] = field(default=frozenset({"expired-token"}), repr=False)
    code_lifetime: float = 600.0
    code_tries: int = 5
    ticket_lifetime: float = 600.0
    login_failures: int = 10
    lock_lifetime: float = 3600.0
    strength: Strength = Strength.MIDDLE
    extra_fields: Mapping[str, Any] = field(default_factory=lambda: _EXTRA_FIELDS, repr=False)
    seed: int | None = None
    hang_limit: float = 120.0
    requests_kept: int = 100_000
