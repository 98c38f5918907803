"""Ways through ``avatar-change``."""

from __future__ import annotations

from people import NOBODY, OTHER_PICTURE, PICTURE
from stage import Stage
from way import way

from flows import AvatarChange
from onboarding import Meaning

SET = "avatar_set:reading_back"


@way(AvatarChange, SET, "avatar_shown:avatar_changed")
async def the_profile_shows_the_new_picture(stage: Stage) -> None:
    await stage.start(AvatarChange, user_id=stage.user(), avatar=PICTURE)


@way(AvatarChange, SET, "avatar_shown:avatar_changed")
async def a_lost_answer_is_asked_for_again(stage: Stage) -> None:
    stage.desk.add_fault("2.10", "html_502", times=1, effect=True)
    await stage.start(AvatarChange, user_id=stage.user(), avatar=PICTURE)
    await stage.go_on()


@way(AvatarChange, "no_such_user:no_such_user", by=Meaning.NO_SUCH_USER)
async def nobody_has_this_id(stage: Stage) -> None:
    await stage.start(AvatarChange, user_id=NOBODY, avatar=PICTURE)


@way(AvatarChange, SET, "avatar_differs:not_shown")
async def somebody_sets_another_picture_before_it_is_read_back(stage: Stage) -> None:
    user = stage.user()
    stage.throttle("2.8")
    await stage.start(AvatarChange, user_id=user, avatar=PICTURE)
    await stage.api.set_avatar(user, OTHER_PICTURE)
    await stage.go_on()


@way(AvatarChange, SET, "no_such_user:no_such_user", by=Meaning.NO_SUCH_USER)
async def the_user_is_gone_before_it_is_read_back(stage: Stage) -> None:
    stage.refuse("/detail", "SANDBOX_NO_SUCH_USER")
    await stage.start(AvatarChange, user_id=stage.user(), avatar=PICTURE)
