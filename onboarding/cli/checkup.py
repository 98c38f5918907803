"""What ``doctor`` looks at: settings, flows, journal, keys, API; each check by itself, whatever the others say."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from onboarding.cli.output import length
from onboarding.errors import (
    CallError,
    DefinitionError,
    JournalBusy,
    JournalDamaged,
    JourneyError,
    KeyMismatch,
    NotSent,
    OnboardingError,
    Refused,
    RefusedByProtocol,
    SettingsError,
)

if TYPE_CHECKING:
    from onboarding.journal import Journal
    from onboarding.settings import Settings

__all__ = ["Finding", "examine"]

_MOST = 1000
"""So many failing journeys are counted; an operator who has more needs no number."""


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


async def examine(load: Callable[[], Settings], late: timedelta) -> list[Finding]:
    """All findings, in order. Nothing is changed, and nothing is made that was not there.

    Args:
        load: gives the settings.
        late: how long a journey may be due before that is a problem.
    """
    try:
        settings = load()
    except OnboardingError as error:
        return [Finding("settings", ok=False, found=str(error), remedy="mend this first: nothing else was looked at")]
    findings = [await _settings(settings)]
    checks: tuple[tuple[str, Callable[[Settings], Awaitable[list[Finding]]]], ...] = (
        ("flows", _flows), ("journal", partial(_journal, late=late)),
    )  # fmt: skip
    for name, check in checks:
        try:
            findings += await check(settings)
        except OnboardingError as error:
            findings.append(Finding(name, ok=False, found=str(error), remedy=_remedy(error)))
        except Exception as error:  # noqa: BLE001 - a flow of the user's may fail in any way
            found = f"a flow's module failed to load, with {type(error).__name__}"
            findings.append(Finding(name, ok=False, found=found, remedy="import it by itself in python to see why"))
    if findings[0].ok:
        return [*findings, await _api(settings)]
    return [*findings, Finding("API", ok=False, found="not asked", remedy="mend the settings first")]


def _remedy(error: OnboardingError) -> str:
    """What to do about a flow or a journal that cannot be used."""
    if isinstance(error, JournalBusy):
        return "find the process that holds it, and stop it if it is stuck"
    if isinstance(error, JournalDamaged):
        return "restore the journal from a backup, or name another one in ONBOARDING_JOURNAL"
    if isinstance(error, SettingsError):
        return "set it right in the environment, .env or onboarding.toml"
    if isinstance(error, DefinitionError):
        return "mend the flow, or take it out of ONBOARDING_FLOWS"
    if isinstance(error, JourneyError):
        return "mend ONBOARDING_FLOWS: package.module:Class, of a module that python finds here"
    return "mend the place of the journal, or name another one in ONBOARDING_JOURNAL"


async def _settings(settings: Settings) -> Finding:
    """Whether the API can be called with them: what is missing, and what its client refuses."""
    missing = [f"ONBOARDING_{name.upper()}" for name in ("tenant_id", "api_token") if not getattr(settings, name)]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        return Finding(
            "settings", ok=False, found=f"{' and '.join(missing)} {verb} not set",
            remedy=f"set {'it' if len(missing) == 1 else 'them'}, in the environment, .env or onboarding.toml; for a "
            "try, start: onboarding sandbox",
        )  # fmt: skip
    from onboarding.clock import SystemClock
    from onboarding.connect import account_api

    try:
        async with account_api(settings, SystemClock()):
            return Finding("settings", ok=True, found=f"tenant {settings.tenant_id} at {settings.base_url}")
    except SettingsError as error:
        return Finding("settings", ok=False, found=str(error), remedy=_remedy(error))


async def _flows(settings: Settings) -> list[Finding]:
    from onboarding.machine import Registry

    registry = Registry(settings.flows)
    names = [registry[name].definition.name for name in registry]
    if not names:
        return [Finding("flows", ok=False, found="none is known", remedy="install some, or set ONBOARDING_FLOWS")]
    return [Finding("flows", ok=True, found=f"{len(names)}: {', '.join(names)}")]


async def _journal(settings: Settings, *, late: timedelta) -> list[Finding]:
    from onboarding.cli.place import is_blank, is_on_server, journal_file
    from onboarding.journal import open_journal
    from onboarding.journal.files import try_folder

    path = None if is_on_server(settings) else journal_file(settings)
    journal = open_journal(settings.journal_url, waits=False)
    if path is not None and (not path.exists() or is_blank(path)):
        try_folder(path.parent)
        made = f"there is none yet; `onboarding start` makes {journal.place}"
        return [Finding("journal", ok=True, found=made), _keys_to_come(settings)]
    await journal.open()
    try:
        return [
            await _owner(journal), await _progress(journal, late), await _journeys(journal, settings),
            await _keys(journal, settings),
        ]  # fmt: skip
    finally:
        await journal.close()


async def _owner(journal: Journal) -> Finding:
    if not await journal.is_attended():
        return Finding("journal", ok=True, found=f"{journal.place}; nobody advances its journeys at the moment")
    return Finding("journal", ok=True, found=f"{journal.place}; a process advances its journeys")


async def _progress(journal: Journal, late: timedelta) -> Finding:
    """Whether what falls due is taken up: a worker may be gone, or there and stuck."""
    now = datetime.now(UTC)
    due = await journal.next_due(now)
    if due is None:
        return Finding("progress", ok=True, found="nothing is due")
    if due > now:
        return Finding("progress", ok=True, found=f"the next journey is due in {length(due - now)}")
    waits = f"the journey that is due longest has been so for {length(now - due)}"
    remedy = "start a worker (onboarding worker), or find out what the one that runs is stuck on"
    return Finding("progress", ok=now - due <= late, found=waits, remedy=remedy if now - due > late else "")


async def _journeys(journal: Journal, settings: Settings) -> Finding:
    """How many need somebody: those that are parked, and those whose tries fail again and again."""
    from onboarding.journal import Query

    counts = await journal.count()
    parked = sum(number for (_, status, _), number in counts.items() if status == "parked")
    failing = len((await journal.find(Query(failures=1, limit=_MOST))).heads)
    long = len((await journal.find(Query(failures=settings.attempts, limit=1))).heads)
    old = len((await journal.find(Query(restored=True, limit=_MOST))).heads)
    found = f"{sum(counts.values())} in the journal, {parked} parked, {failing} failing"
    if old:
        found += f", {old} restored: the journal was put back or copied while they lived"
    look = [
        f"onboarding list {option}" for option, number in (("--status parked", parked), ("--failing", long)) if number
    ]
    return Finding("journeys", ok=not look, found=found, remedy="; ".join(look))


async def _keys(journal: Journal, settings: Settings) -> Finding:
    from onboarding.journal.rotation import SEALED_META
    from onboarding.keys import keyring_for, pepper_of

    try:
        if await journal.meta(SEALED_META[0]) is None:
            return _keys_to_come(settings)
        keyring = await keyring_for(journal, settings)
        await pepper_of(journal, keyring)
    except OnboardingError as error:
        return Finding("keys", ok=False, found=str(error), remedy=_remedy_of_keys(error, settings, sealed=True))
    more = len(keyring.ids) - 1
    found = f"{_place_of_keys(settings)} fits the journal" + (f" ({more} older beside it)" if more else "")
    return Finding("keys", ok=True, found=found)


def _keys_to_come(settings: Settings) -> Finding:
    """Keys for a journal in which nothing is sealed yet."""
    from onboarding.journal import Keyring, load_key_file
    from onboarding.keys import key_file_of

    try:
        if settings.keys:
            Keyring(settings.keys)
        elif key_file_of(settings).exists():
            load_key_file(key_file_of(settings))
        else:
            return Finding("keys", ok=True, found="there are none yet; the first journey makes the key file")
    except OnboardingError as error:
        return Finding("keys", ok=False, found=str(error), remedy=_remedy_of_keys(error, settings, sealed=False))
    return Finding("keys", ok=True, found=f"{_place_of_keys(settings)} is usable")


def _remedy_of_keys(error: OnboardingError, settings: Settings, *, sealed: bool) -> str:
    if not isinstance(error, KeyMismatch | SettingsError):
        from onboarding.keys import key_file_of

        return f"it must be its owner's alone: chmod 600 {key_file_of(settings)}"
    if sealed:
        return "give the keys with which the journal was sealed: without them it cannot be read"
    return "onboarding keys new --print makes a key"


def _place_of_keys(settings: Settings) -> str:
    from onboarding.keys import key_file_of

    return "ONBOARDING_KEYS" if settings.keys else f"the key file {key_file_of(settings)}"


async def _api(settings: Settings) -> Finding:
    """Reach the API with a call that changes nothing: its list of result codes."""
    from onboarding.clock import SystemClock
    from onboarding.connect import account_api

    refused: CallError
    try:
        async with account_api(settings, SystemClock()) as api:
            codes = await api.list_result_codes()
    except CallError as error:
        refused = error
    else:
        return Finding("API", ok=True, found=f"{settings.base_url} answers; it lists {len(codes)} result codes")
    remedy = "try again later; if it stays, ask the operator of the API"
    if isinstance(refused, NotSent):
        remedy = "check ONBOARDING_BASE_URL, the network, and a proxy (ONBOARDING_TRUST_ENV)"
    elif isinstance(refused, RefusedByProtocol | Refused):
        remedy = "check ONBOARDING_TENANT_ID and ONBOARDING_API_TOKEN"
    return Finding("API", ok=False, found=str(refused), remedy=remedy)
