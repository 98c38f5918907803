"""Change a user's profile picture."""

from __future__ import annotations

from typing import ClassVar

from onboarding import AccountApi, Done, Failed, Flow, Meaning, Trigger, WebAddress, Working, read, repeatable, seconds

__all__ = ["AvatarChange"]


class AvatarChange(Flow, name="avatar-change", version=1):
    """Set a user's profile picture and read it back."""

    user_id: str
    avatar: WebAddress

    states: ClassVar = [
        Working("setting_avatar"),
        Working("reading_back"),
        Done("avatar_changed", "the profile shows the new picture"),
        Failed("no_such_user", "there is no user of this id"),
        Failed("not_shown", "the change was accepted, but the profile shows another picture"),
    ]
    transitions: ClassVar = [
        ["avatar_set",     "setting_avatar", "reading_back"],
        ["no_such_user",   "setting_avatar", "no_such_user"],
        ["avatar_shown",   "reading_back",   "avatar_changed"],
        ["avatar_differs", "reading_back",   "not_shown"],
        ["no_such_user",   "reading_back",   "no_such_user"],
    ]  # fmt: skip

    @repeatable(then="avatar_set", cooldown=seconds(5), at_most=5, refused={Meaning.NO_SUCH_USER: "no_such_user"})
    async def setting_avatar(self, api: AccountApi) -> None:
        await api.set_avatar(self.user_id, self.avatar)

    @read(then="avatar_shown", otherwise=["avatar_differs"], refused={Meaning.NO_SUCH_USER: "no_such_user"})
    async def reading_back(self, api: AccountApi) -> Trigger:
        shown = (await api.get_user(self.user_id)).avatar
        return "avatar_shown" if shown == self.avatar else "avatar_differs"
