"""From the settings to the Account API, and to Temporal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onboarding.api import AccountApi
from onboarding.clock import Clock
from onboarding.engine import Engine
from onboarding.errors import SettingsError
from onboarding.journal import Journal
from onboarding.settings import Settings

if TYPE_CHECKING:
    from onboarding.drivers.temporal.worker import TemporalWorker

__all__ = ["account_api", "temporal_worker"]


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


async def temporal_worker(settings: Settings, engine: Engine, journal: Journal, clock: Clock) -> TemporalWorker:
    """The worker of the Temporal server that the settings name, connected to it.

    Raises:
        MissingExtra: the extra ``temporal`` is not installed.
        SettingsError: no server is named, or it cannot be reached.
    """
    from onboarding.drivers.temporal.server import Server
    from onboarding.drivers.temporal.worker import TemporalWorker

    if settings.temporal_address is None:
        raise SettingsError("ONBOARDING_TEMPORAL_ADDRESS must be set to drive journeys through Temporal: host:port")
    key = settings.temporal_api_key
    server = Server(
        settings.temporal_address, settings.temporal_namespace, None if key is None else key.get_secret_value(),
        settings.temporal_tls, settings.temporal_ca, settings.temporal_certificate, settings.temporal_key,
        settings.temporal_server_name,
    )  # fmt: skip
    queue, concurrency = settings.temporal_task_queue, settings.concurrency
    worker = TemporalWorker(engine, journal, clock, server, queue=queue, concurrency=concurrency)
    await worker.connect()
    return worker
