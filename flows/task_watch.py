"""Watch a review task until it ends."""

from __future__ import annotations

from typing import ClassVar

from onboarding import (
    AccountApi,
    Done,
    Duration,
    Failed,
    Flow,
    Meaning,
    Polling,
    TaskType,
    TaskVerdict,
    Trigger,
    days,
    later,
    minutes,
    read,
)

__all__ = ["TaskWatch"]


class TaskWatch(Flow, name="task-watch", version=1):
    """Watch one of a user's review tasks until it ends; every change of its state is a row of the history."""

    user_id: str
    task_type: TaskType
    every: Duration = minutes(5)
    deadline: Duration = days(30)
    task_state: str = later()

    states: ClassVar = [
        Polling("watching", every="every", up_to="deadline"),
        Done("task_finished", "the review has ended well"),
        Failed("task_refused", "the review has refused"),
        Failed("no_such_user", "there is no user of this id"),
        Failed("overdue", "the review has not ended in time"),
    ]
    transitions: ClassVar = [
        ["task_moved",    "watching", "watching"],
        ["finished",      "watching", "task_finished"],
        ["refused",       "watching", "task_refused"],
        ["no_such_user",  "watching", "no_such_user"],
        ["timed_out",     "watching", "overdue"],
    ]  # fmt: skip

    @read(otherwise=["task_moved", "finished", "refused"], refused={Meaning.NO_SUCH_USER: "no_such_user"})
    async def watching(self, api: AccountApi) -> Trigger:
        task = await api.get_task(self.user_id, self.task_type)
        if task is None or task.state == self.task_state:
            return None
        self.task_state = task.state
        self.remark(task.state if task.known else f"unknown state {task.state}")
        return {TaskVerdict.FINISHED: "finished", TaskVerdict.REFUSED: "refused"}.get(task.verdict, "task_moved")
