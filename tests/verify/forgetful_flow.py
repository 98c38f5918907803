"""A flow whose check is wrong: after every doubt it says that nothing had happened."""

from __future__ import annotations

from typing import Any, ClassVar

from onboarding import AccountApi, Done, Failed, Flow, Meaning, Working, once

__all__ = ["Forgetful"]


class Forgetful(Flow, name="forgetful", version=1):
    """Update an account, and send it again whenever that is in doubt."""

    user_id: str
    changes: dict[str, Any]

    states: ClassVar = [
        Working("updating_account"),
        Done("account_updated", "the changes were taken"),
        Failed("no_such_user", "there is no user of this id"),
    ]
    transitions: ClassVar = [
        ["account_sent", "updating_account", "account_updated"],
        ["no_such_user", "updating_account", "no_such_user"],
    ]

    @once(then="account_sent", refused={Meaning.NO_SUCH_USER: "no_such_user"})
    async def updating_account(self, api: AccountApi) -> None:
        account = await api.get_account(self.user_id)
        await api.update_account(self.user_id, account.merged(self.changes))

    @updating_account.landed
    async def never(self, api: AccountApi) -> bool | None:
        return False
