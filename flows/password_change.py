"""Change a password that is known."""

from __future__ import annotations

from typing import ClassVar

from flows.evidence import login_works
from onboarding import (
    AccountApi,
    Done,
    Failed,
    Flow,
    Meaning,
    Secret,
    Working,
    later,
    once,
    repeatable,
    seconds,
)

__all__ = ["PasswordChange"]


class PasswordChange(Flow, name="password-change", version=1):
    """Change a user's password, the old one being known, and log in with the new one to prove it."""

    login_name: str
    password: Secret
    new_password: Secret
    user_id: str = later()

    states: ClassVar = [
        Working("logging_in"),
        Working("changing_password"),
        Working("proving_login"),
        Done("password_changed", "the new password works"),
        Failed("no_such_user", "nobody has this login name"),
        Failed("old_password_wrong", "the present password is not the one given"),
        Failed("password_too_weak", "the new password does not meet the strength rule"),
        Failed("password_reused", "the new password is refused because it is the old one"),
        Failed("not_proven", "the change was accepted, but the new password does not log in"),
    ]
    transitions: ClassVar = [
        ["logged_in",          "logging_in",        "changing_password"],
        ["no_such_user",       "logging_in",        "no_such_user"],
        ["old_password_wrong", "logging_in",        "old_password_wrong"],
        ["password_set",       "changing_password", "proving_login"],
        ["old_password_wrong", "changing_password", "old_password_wrong"],
        ["password_weak",      "changing_password", "password_too_weak"],
        ["password_reused",    "changing_password", "password_reused"],
        ["no_such_user",       "changing_password", "no_such_user"],
        ["logged_in",          "proving_login",     "password_changed"],
        ["login_refused",      "proving_login",     "not_proven"],
    ]  # fmt: skip

    @repeatable(
        then="logged_in", cooldown=seconds(10), at_most=5,
        refused={Meaning.CREDENTIALS_WRONG: "old_password_wrong", Meaning.NO_SUCH_USER: "no_such_user"},
    )  # fmt: skip
    async def logging_in(self, api: AccountApi) -> None:
        self.user_id = (await api.log_in(self.login_name, self.password)).user_id

    @once(
        then="password_set", evidence=[Meaning.OLD_PASSWORD_WRONG, Meaning.PASSWORD_REUSED],
        refused={
            Meaning.OLD_PASSWORD_WRONG: "old_password_wrong", Meaning.PASSWORD_WEAK: "password_weak",
            Meaning.PASSWORD_REUSED: "password_reused", Meaning.NO_SUCH_USER: "no_such_user",
        },
    )  # fmt: skip
    async def changing_password(self, api: AccountApi) -> None:
        await api.change_password(self.user_id, self.password, self.new_password)

    @changing_password.landed(probes="login_name")
    async def new_password_works(self, api: AccountApi) -> bool | None:
        return await login_works(api, self.login_name, self.new_password)

    @repeatable(
        then="logged_in", cooldown=seconds(10), at_most=5,
        refused={Meaning.CREDENTIALS_WRONG: "login_refused", Meaning.NO_SUCH_USER: "login_refused"},
    )  # fmt: skip
    async def proving_login(self, api: AccountApi) -> None:
        await api.log_in(self.login_name, self.new_password)
