"""Which keys seal a journal's data: from the settings, or from a key file beside the journal."""

from __future__ import annotations

import secrets
from pathlib import Path

from onboarding.errors import KeyMismatch, SettingsError
from onboarding.journal import Journal, Keyring, create_key_file, load_key_file, meta_field
from onboarding.settings import Settings, data_folder

__all__ = ["key_file_of", "keyring_for", "pepper_of", "share_pepper"]

_PEPPER = "pepper"
_PEPPER_SIZE = 32


def key_file_of(settings: Settings) -> Path:
    """The key file: the one that is set, or the one beside the journal.

    Raises:
        SettingsError: the journal is on a server, beside which no file lies.
    """
    if settings.key_file is not None:
        return settings.key_file
    url = settings.journal_url
    if url.startswith("postgres"):
        raise SettingsError(
            "a journal in PostgreSQL has no file beside which its keys could lie: set ONBOARDING_KEY_FILE, or "
            "ONBOARDING_KEYS, to the same for every process that uses it (onboarding keys new makes the file)"
        )
    if url.startswith("sqlite:///"):
        path = Path(url.removeprefix("sqlite:///"))
        return path.with_name(f"{path.name}.keys")
    return data_folder() / "journal.keys"


async def keyring_for(journal: Journal, settings: Settings) -> Keyring:
    """The keys of a journal. A new journal gets a new key file; an old one is never given a new key in silence.

    Raises:
        SettingsError: the keys given are no keys, or it is not said where they are.
        KeyMismatch: the journal holds data, and its keys are not there.
    """
    if settings.keys:
        return Keyring(settings.keys)
    path = key_file_of(settings)
    if path.exists() or path.is_symlink():
        return load_key_file(path)
    if journal.place.startswith("memory"):
        return Keyring([Keyring.generate_key()])
    # Another process may have made both since: the key file is there before anything is sealed.
    if await journal.meta(_PEPPER) is not None and not path.exists():
        raise KeyMismatch(
            f"the journal {journal.place} is sealed, and its key file {path} is not there: put it back, "
            "or give its keys in ONBOARDING_KEYS"
        )
    return create_key_file(path)


async def pepper_of(journal: Journal, keyring: Keyring) -> bytes:
    """What makes the digests of idempotency keys this journal's own. Raises ``KeyMismatch`` for another's keys."""
    kept = await journal.meta(_PEPPER)
    if kept is None:
        fresh = keyring.seal(secrets.token_bytes(_PEPPER_SIZE), journey="", field=meta_field(_PEPPER))
        kept = await journal.set_meta(_PEPPER, fresh, only_if_absent=True)
    wrong = False
    try:
        return keyring.unseal(kept, journey="", field=meta_field(_PEPPER))
    except KeyMismatch:
        wrong = True
    assert wrong
    raise KeyMismatch(
        f"the keys given (ONBOARDING_KEYS, or the key file) are not those of the journal {journal.place}: "
        "give the keys with which it was made"
    )


async def share_pepper(journal: Journal, archive: Journal) -> None:
    """Give a journal's pepper, as it is sealed, to an archive that has none."""
    if (kept := await journal.meta(_PEPPER)) is not None:
        await archive.set_meta(_PEPPER, kept, only_if_absent=True)
