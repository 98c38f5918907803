"""The arguments of a client, checked: what cannot work is said at once, without repeating a secret."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from pydantic import SecretStr

from onboarding.api.choices import TaskVerdict
from onboarding.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["final_states_of", "headers_of", "positive"]

_VISIBLE = re.compile(r"[\x21-\x7e]+")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")


def headers_of(tenant_id: str, token: SecretStr, language: str | None) -> list[tuple[str, SecretStr]]:
    """The headers of every call, with the contract's spelling.

    Raises:
        SettingsError: a value that cannot stand in a header.
    """
    if not _VISIBLE.fullmatch(tenant_id):
        raise SettingsError("ONBOARDING_TENANT_ID must be visible ASCII without spaces, such as T001117")
    if not _VISIBLE.fullmatch(token.get_secret_value()):
        raise SettingsError("ONBOARDING_API_TOKEN must be visible ASCII without spaces")
    if language is not None and not _LANGUAGE.fullmatch(language):
        raise SettingsError("ONBOARDING_LANGUAGE must be a language tag such as en-US, zh-CN or zh-HK")
    headers = {
        "accept": "application/json",
        "accept-encoding": "identity",
        "user-agent": "onboarding",
        "content-type": "application/json",
        "x-api-tenantId": tenant_id,
        "x-api-token": token.get_secret_value(),
    }
    if language is not None:
        headers["x-language"] = language
    return [(name, SecretStr(value)) for name, value in headers.items()]


def positive(setting: str, value: float) -> None:
    """Check a number.

    Raises:
        SettingsError: it is not finite and above zero.
    """
    if isinstance(value, bool) or not math.isfinite(value) or value <= 0:
        raise SettingsError(f"{setting} must be a number above zero")


def final_states_of(states: Mapping[str, TaskVerdict]) -> dict[str, TaskVerdict]:
    """The task states that end a watch.

    Raises:
        SettingsError: a verdict that there is not.
    """
    known = {verdict.value for verdict in TaskVerdict}
    if not all(verdict in known for verdict in states.values()):
        raise SettingsError(f"ONBOARDING_FINAL_STATES: each state needs one of {', '.join(sorted(known))}")
    return {state: TaskVerdict(verdict) for state, verdict in states.items()}
