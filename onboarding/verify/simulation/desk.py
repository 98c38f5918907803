"""The sandbox's desk without HTTP: what a rehearsal asks of it, in the same process."""

from __future__ import annotations

from collections.abc import Iterable

from onboarding.sandbox import Sandbox
from onboarding.sandbox.ledger import LedgerEntry
from onboarding.sandbox.tasks import CourseStep, TaskType

__all__ = ["NearDesk"]


class NearDesk:
    """The desk of a sandbox in this process.

    Args:
        sandbox: the sandbox.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def create_user(self, name: str, *, password: str, phone: str | None = None, email: str | None = None) -> str:
        """A new user's id."""
        return self._sandbox.register("desk", name, password, phone=phone, email=email).id

    def create_task(self, user_id: str, task_type: str, state: str = "Submited") -> str:
        """A new review task's id."""
        return self._sandbox.tasks.create(user_id, TaskType(task_type), state=state, endpoint="desk").id

    def set_course(self, task_type: str, steps: Iterable[tuple[float, str]], *, user_id: str | None = None) -> None:
        """Let a user's tasks of a type move by themselves."""
        self._sandbox.tasks.set_course(TaskType(task_type), user_id, [CourseStep(*step) for step in steps])

    def latest_code(self, to: str) -> str:
        """The newest code for a number or an address; empty where there is none."""
        self._sandbox.settle()
        message = self._sandbox.mailbox.latest(to)
        return "" if message is None else message.code

    def ledger(self, subjects: Iterable[str]) -> list[LedgerEntry]:
        """Every effect on a person, in order."""
        self._sandbox.settle()
        found = {entry.n: entry for subject in subjects for entry in self._sandbox.ledger.entries(subject=subject)}
        return [found[number] for number in sorted(found)]
