"""What proves that something had happened, where the answer was lost."""

from __future__ import annotations

from pydantic import SecretStr

from onboarding import AccountApi, Meaning, Refused, UserField

_PAGES = 10
_PAGE_SIZE = 50

__all__ = ["is_registered", "login_works"]


async def login_works(api: AccountApi, login_name: str, password: SecretStr) -> bool | None:
    """Whether these credentials are valid: None where the answer is neither yes nor no (a locked account).

    A failed login counts toward the account's lockout, so it is asked sparingly.
    """
    try:
        await api.log_in(login_name, password)
    except Refused as refusal:
        return False if refusal.meaning in (Meaning.CREDENTIALS_WRONG, Meaning.NO_SUCH_USER) else None
    return True


async def is_registered(api: AccountApi, by: UserField, value: str) -> bool:
    """Whether a user has exactly this mobile number or e-mail address: the search finds parts of one too."""
    for number in range(1, _PAGES + 1):
        page = await api.find_users(by, value, page=number, size=_PAGE_SIZE)
        if page.exactly(by, value):
            return True
        if number >= (page.pages or 1):
            break
    return False
