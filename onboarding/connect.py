"""From the settings to the Account API."""

from __future__ import annotations

from onboarding.api import AccountApi
from onboarding.clock import Clock
from onboarding.errors import SettingsError
from onboarding.settings import Settings

__all__ = ["account_api"]


def account_api(settings: Settings, clock: Clock) -> AccountApi:
    """The adapter that the settings describe. Raises ``SettingsError`` where one is missing."""
    missing = [f"ONBOARDING_{name.upper()}" for name in ("tenant_id", "api_token") if not getattr(settings, name)]
    if missing or settings.tenant_id is None or settings.api_token is None:
        raise SettingsError(
            f"{' and '.join(missing)} must be set to call the Account API; for a try, start `onboarding sandbox`"
        )
    return AccountApi(
        settings.base_url,
        tenant_id=settings.tenant_id,
        token=settings.api_token,
        language=settings.language,
        timeout=settings.timeout.total_seconds(),
        connect_timeout=settings.connect_timeout.total_seconds(),
        pool_size=settings.pool_size,
        trust_env=settings.trust_env,
        clock=clock,
        result_codes=settings.result_codes,
        final_states=settings.final_states,
    )
