"""What ``doctor`` looks at: settings, flows, journal, keys, API; each check by itself, whatever the others say."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from onboarding.errors import CallError, NotSent, OnboardingError, Refused, RefusedByProtocol

if TYPE_CHECKING:
    from onboarding.journal import Journal
    from onboarding.settings import Settings

__all__ = ["Finding", "examine"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Attributes:
        name: what was looked at.
        ok: whether all is well.
        found: what is the case.
        remedy: what to do, where it is not well.
    """

    name: str
    ok: bool
    found: str
    remedy: str = ""


async def examine(load: Callable[[], Settings]) -> list[Finding]:
    """All findings, in order. Nothing is changed, and nothing is made that was not there."""
    try:
        settings = load()
    except OnboardingError as error:
        return [Finding("settings", ok=False, found=str(error), remedy="mend this first: nothing else was looked at")]
    findings = [_settings(settings)]
    checks: tuple[tuple[str, Callable[[Settings], Awaitable[list[Finding]]]], ...] = (
        ("flows", _flows), ("journal", _journal), ("API", _api),
    )  # fmt: skip
    for name, check in checks:
        try:
            findings += await check(settings)
        except OnboardingError as error:
            findings.append(Finding(name, ok=False, found=str(error), remedy="see the sentence itself"))
        except Exception as error:  # noqa: BLE001 - a flow of the user's may fail in any way
            findings.append(Finding(name, ok=False, found=f"it failed with {type(error).__name__}"))
    return findings


def _settings(settings: Settings) -> Finding:
    missing = [f"ONBOARDING_{name.upper()}" for name in ("tenant_id", "api_token") if not getattr(settings, name)]
    if missing:
        return Finding(
            "settings", ok=False, found=f"{' and '.join(missing)} not set",
            remedy="set them, in the environment, .env or onboarding.toml; for a try, start: onboarding sandbox",
        )  # fmt: skip
    return Finding("settings", ok=True, found=f"tenant {settings.tenant_id} at {_address(settings)}")


async def _flows(settings: Settings) -> list[Finding]:
    from onboarding.machine import Registry

    registry = Registry(settings.flows)
    names = [registry[name].definition.name for name in registry]
    if not names:
        return [Finding("flows", ok=False, found="none is known", remedy="install some, or set ONBOARDING_FLOWS")]
    return [Finding("flows", ok=True, found=f"{len(names)}: {', '.join(names)}")]


async def _journal(settings: Settings) -> list[Finding]:
    from onboarding.journal import open_journal
    from onboarding.journal.backends import sqlite_path

    url = settings.journal_url
    if url == "memory://":
        return [
            Finding(
                "journal", ok=False, found="it is kept in memory, and forgotten when the process ends",
                remedy="set ONBOARDING_JOURNAL to sqlite:///path.db",
            )
        ]  # fmt: skip
    journal = open_journal(url)
    path = sqlite_path(url)
    if not path.exists():
        made = f"there is none yet; the first journey makes {journal.place}"
        return [Finding("journal", ok=True, found=made), _keys_to_come(settings)]
    await journal.open()
    try:
        return [await _owner(journal), await _parked(journal), await _keys(journal, settings)]
    finally:
        await journal.close()


async def _owner(journal: Journal) -> Finding:
    if await journal.own():
        await journal.disown()
        return Finding("journal", ok=True, found=f"{journal.place}; nobody advances its journeys at the moment")
    return Finding("journal", ok=True, found=f"{journal.place}; a process advances its journeys")


async def _parked(journal: Journal) -> Finding:
    counts = await journal.count()
    total = sum(counts.values())
    parked = sum(number for (_, status, _), number in counts.items() if status == "parked")
    found = f"{total} in the journal, {parked} parked"
    return Finding("journeys", ok=not parked, found=found, remedy="onboarding list --status parked" if parked else "")


async def _keys(journal: Journal, settings: Settings) -> Finding:
    from onboarding.journal.rotation import SEALED_META
    from onboarding.keys import keyring_for, pepper_of

    where = _place_of_keys(settings)
    fault = None
    try:
        if await journal.meta(SEALED_META[0]) is None:
            return _keys_to_come(settings)
        keyring = await keyring_for(journal, settings)
        await pepper_of(journal, keyring)
    except OnboardingError as error:
        fault = str(error)
    if fault is not None:
        return Finding("keys", ok=False, found=fault, remedy="without its keys the journal cannot be read")
    more = len(keyring.ids) - 1
    return Finding("keys", ok=True, found=f"{where} fits the journal" + (f" ({more} older beside it)" if more else ""))


def _keys_to_come(settings: Settings) -> Finding:
    """Keys for a journal in which nothing is sealed yet."""
    from onboarding.journal import Keyring, load_key_file
    from onboarding.keys import key_file_of

    fault = None
    try:
        if settings.keys:
            Keyring(settings.keys)
        elif key_file_of(settings).exists():
            load_key_file(key_file_of(settings))
        else:
            return Finding("keys", ok=True, found="there are none yet; the first journey makes the key file")
    except OnboardingError as error:
        fault = str(error)
    if fault is not None:
        return Finding("keys", ok=False, found=fault, remedy="onboarding keys new --print makes a key")
    return Finding("keys", ok=True, found=f"{_place_of_keys(settings)} is usable")


def _place_of_keys(settings: Settings) -> str:
    from onboarding.keys import key_file_of

    return "ONBOARDING_KEYS" if settings.keys else f"the key file {key_file_of(settings)}"


async def _api(settings: Settings) -> list[Finding]:
    """Reach the API with a call that changes nothing: its list of result codes."""
    if not settings.tenant_id or not settings.api_token:
        return [Finding("API", ok=False, found="not asked", remedy="it takes ONBOARDING_TENANT_ID and _API_TOKEN")]
    from onboarding.clock import SystemClock
    from onboarding.connect import account_api

    refused: CallError
    try:
        async with account_api(settings, SystemClock()) as api:
            codes = await api.list_result_codes()
    except CallError as error:
        refused = error
    else:
        return [Finding("API", ok=True, found=f"{_address(settings)} answers; it lists {len(codes)} result codes")]
    remedy = "try again later; if it stays, ask the operator of the API"
    if isinstance(refused, NotSent):
        remedy = "check ONBOARDING_BASE_URL, the network, and a proxy (ONBOARDING_TRUST_ENV)"
    elif isinstance(refused, RefusedByProtocol | Refused):
        remedy = "check ONBOARDING_TENANT_ID and ONBOARDING_API_TOKEN"
    return [Finding("API", ok=False, found=str(refused), remedy=remedy)]


def _address(settings: Settings) -> str:
    """The base address where it can hold no password."""
    return "ONBOARDING_BASE_URL" if "@" in settings.base_url else settings.base_url
