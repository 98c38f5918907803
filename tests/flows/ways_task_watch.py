"""Ways through ``task-watch``."""

from __future__ import annotations

from people import NOBODY
from stage import Stage
from way import way

from flows import TaskWatch
from onboarding import Meaning, TaskType

MOVED = "task_moved:watching"
OPEN = TaskType.OPEN.value


async def begin(stage: Stage, state: str = "Submited") -> str:
    user = stage.user()
    task = stage.desk.create_task(user, OPEN, state)
    await stage.start(TaskWatch, user_id=user, task_type=OPEN)
    return task


async def move(stage: Stage, task: str, state: str) -> None:
    stage.desk.move_task(task, state)
    await stage.pass_time(330)


@way(TaskWatch, MOVED, MOVED, MOVED, "finished:task_finished")
async def a_review_ends_well(stage: Stage) -> None:
    task = await begin(stage)
    await stage.pass_time(3600)
    for state in ("Handling", "Dealed", "Finished"):
        await move(stage, task, state)


@way(TaskWatch, MOVED, "refused:task_refused")
async def a_review_refuses(stage: Stage) -> None:
    await move(stage, await begin(stage), "Rejected")


@way(TaskWatch, "finished:task_finished")
async def a_review_has_ended_before_it_is_watched(stage: Stage) -> None:
    await begin(stage, "Finished")


@way(TaskWatch, "no_such_user:no_such_user", by=Meaning.NO_SUCH_USER)
async def nobody_has_this_id(stage: Stage) -> None:
    await stage.start(TaskWatch, user_id=NOBODY, task_type=OPEN)


@way(TaskWatch, "timed_out:overdue")
async def there_never_is_such_a_task(stage: Stage) -> None:
    await stage.start(TaskWatch, user_id=stage.user(), task_type=OPEN, deadline="2h")
    await stage.pass_time(7201)
