"""Change a user's KYC data and wait for the review."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator

from onboarding import (
    AccountApi,
    Done,
    Duration,
    Failed,
    Flow,
    Meaning,
    Polling,
    Task,
    TaskType,
    TaskVerdict,
    Trigger,
    Working,
    days,
    later,
    minutes,
    once,
    read,
)

__all__ = ["KycUpdate"]

_SECTIONS = frozenset({"base", "cert", "finance"})


def _changes(value: dict[str, Any]) -> dict[str, Any]:
    if (
        not value
        or not value.keys() <= _SECTIONS
        or not all(isinstance(part, dict) and part for part in value.values())
    ):
        raise ValueError('must be a JSON object with "base", "cert" or "finance", each an object of fields to change')
    return value


class KycUpdate(Flow, name="kyc-update", version=1):
    """Merge changes into a user's account info, read them back, and wait until the review has ended."""

    user_id: str
    changes: Annotated[dict[str, Any], AfterValidator(_changes)]
    every: Duration = minutes(5)
    deadline: Duration = days(14)
    held_before: bool = later()
    earlier_task: str = later()
    task_state: str = later()

    states: ClassVar = [
        Working("reading_account"),
        Working("updating_account"),
        Working("reading_back"),
        Polling("under_review", every="every", up_to="deadline"),
        Done("account_updated", "the review has accepted the changes"),
        Failed("no_such_user", "there is no user of this id"),
        Failed("review_refused", "the review has refused the changes"),
        Failed("review_overdue", "the review has not ended in time"),
    ]
    transitions: ClassVar = [
        ["account_read",    "reading_account",  "updating_account"],
        ["no_such_user",    "reading_account",  "no_such_user"],
        ["account_sent",    "updating_account", "reading_back"],
        ["no_such_user",    "updating_account", "no_such_user"],
        ["changes_shown",   "reading_back",     "under_review"],
        ["changes_pending", "reading_back",     "under_review"],
        ["no_such_user",    "reading_back",     "no_such_user"],
        ["task_moved",      "under_review",     "under_review"],
        ["approved",        "under_review",     "account_updated"],
        ["refused",         "under_review",     "review_refused"],
        ["no_such_user",    "under_review",     "no_such_user"],
        ["timed_out",       "under_review",     "review_overdue"],
    ]  # fmt: skip

    @read(then="account_read", refused={Meaning.NO_SUCH_USER: "no_such_user"})
    async def reading_account(self, api: AccountApi) -> None:
        # An update that was reviewed long ago must not be taken for this one's review.
        self.earlier_task = _mark(await api.get_task(self.user_id, TaskType.UPDATE_OWNER))
        self.held_before = (await api.get_account(self.user_id)).holds(self.changes)

    @once(then="account_sent", refused={Meaning.NO_SUCH_USER: "no_such_user"})
    async def updating_account(self, api: AccountApi) -> None:
        # Read right before it is written: what others have changed meanwhile must not be undone.
        account = await api.get_account(self.user_id)
        await api.update_account(self.user_id, account.merged(self.changes))

    @updating_account.landed
    async def review_has_begun(self, api: AccountApi) -> bool | None:
        if _mark(await api.get_task(self.user_id, TaskType.UPDATE_OWNER)) != self.earlier_task:
            return True
        shown = (await api.get_account(self.user_id)).holds(self.changes)
        return None if shown and self.held_before else shown

    @read(then="changes_shown", otherwise=["changes_pending"], refused={Meaning.NO_SUCH_USER: "no_such_user"})
    async def reading_back(self, api: AccountApi) -> Trigger:
        # A tenant may show changes only once they are approved: the review decides, not this look.
        return "changes_shown" if (await api.get_account(self.user_id)).holds(self.changes) else "changes_pending"

    @read(otherwise=["task_moved", "approved", "refused"], refused={Meaning.NO_SUCH_USER: "no_such_user"})
    async def under_review(self, api: AccountApi) -> Trigger:
        task = await api.get_task(self.user_id, TaskType.UPDATE_OWNER)
        if task is None or _mark(task) == self.earlier_task or task.state == self.task_state:
            return None
        self.task_state = task.state
        self.remark(task.state if task.known else f"unknown state {task.state}")
        return {TaskVerdict.FINISHED: "approved", TaskVerdict.REFUSED: "refused"}.get(task.verdict, "task_moved")


def _mark(task: Task | None) -> str:
    """What tells one review task from the next."""
    return "none" if task is None else f"{task.id} {task.created_time}"
