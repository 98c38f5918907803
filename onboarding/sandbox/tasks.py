"""Review tasks (contract 2.13), and the courses on which they move by themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any

from onboarding.sandbox.agenda import Agenda
from onboarding.sandbox.clock import SandboxClock
from onboarding.sandbox.ledger import Effect, Ledger

__all__ = ["SUBMITTED", "Course", "CourseStep", "Task", "TaskBook", "TaskType"]

SUBMITTED = "Submited"
"""The first state of a task, in the service's own spelling."""


class TaskType(StrEnum):
    """The kinds of review."""

    OPEN = "JOB_TYPE_TA_OPEN"
    SAME_OPEN = "JOB_TYPE_TA_SAME_OPEN"
    BIND = "JOB_TYPE_TA_BIND"
    UPDATE_OWNER = "JOB_TYPE_TA_UPDATE_OWNER"


@dataclass(slots=True, eq=False)
class Task:
    """One review."""

    id: str
    user_id: str
    type: TaskType
    state: str
    created: datetime
    by_hand: bool = False
    course: Course | None = field(default=None, repr=False)

    def shown(self) -> dict[str, Any]:
        """The data of contract 2.13; ``createdTime`` is UTC and, as in the sample, does not say so."""
        created = self.created.astimezone(UTC).replace(tzinfo=None)
        return {
            "createdTime": created.isoformat(timespec="milliseconds"),
            "id": self.id,
            "jobType": self.type.value,
            "pubUserId": self.user_id,
            "state": self.state,
        }


@dataclass(frozen=True, slots=True)
class CourseStep:
    """``after`` seconds from a task's creation, by the sandbox's clock, it is in ``state``."""

    after: float
    state: str


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """How tasks of one type move by themselves; ``user_id`` None: those of every user."""

    task_type: TaskType
    user_id: str | None
    steps: tuple[CourseStep, ...]


class TaskBook:
    """All tasks, and the courses they are on.

    A course holds for tasks that exist and for those to come; one for a user beats one for all. Steps that
    are already past when a course is set happen at once. A task that somebody moves by hand leaves its
    course for good.
    """

    def __init__(self, clock: SandboxClock, agenda: Agenda, ledger: Ledger, new_id: Callable[[], str]) -> None:
        self._clock = clock
        self._agenda = agenda
        self._ledger = ledger
        self._new_id = new_id
        self._tasks: dict[str, Task] = {}
        self._latest: dict[tuple[str, TaskType], Task] = {}
        self._courses: dict[tuple[TaskType, str | None], Course] = {}

    def __iter__(self) -> Iterator[Task]:
        return iter(self._tasks.values())

    def get(self, task_id: str) -> Task | None:
        """The task of this id."""
        return self._tasks.get(task_id)

    def latest(self, user_id: str, task_type: TaskType) -> Task | None:
        """The newest task of this type: what 2.13 shows."""
        return self._latest.get((user_id, task_type))

    def create(self, user_id: str, task_type: TaskType, *, state: str = SUBMITTED, endpoint: str) -> Task:
        """A new task; ``endpoint`` is who created it, for the ledger."""
        task = Task(self._new_id(), user_id, task_type, state, self._clock.now())
        self._tasks[task.id] = task
        self._latest[user_id, task_type] = task
        self._record(Effect.TASK_CREATED, endpoint, task)
        self._put_on_course(task)
        return task

    def move(self, task: Task, state: str) -> None:
        """Move a task by hand."""
        task.by_hand, task.course = True, None
        task.state = state
        self._record(Effect.TASK_MOVED, "desk", task)

    @property
    def courses(self) -> list[Course]:
        """All courses that are set."""
        return list(self._courses.values())

    def set_course(self, task_type: TaskType, user_id: str | None, steps: Sequence[CourseStep]) -> None:
        """Set a course, in place of one for the same type and user."""
        ordered = tuple(sorted(steps, key=lambda step: step.after))
        self._courses[task_type, user_id] = Course(task_type, user_id, ordered)
        self._reconsider()

    def clear_courses(self) -> None:
        """Forget all courses: every task stays where it is."""
        self._courses.clear()
        self._reconsider()

    def _reconsider(self) -> None:
        for task in self._tasks.values():
            self._put_on_course(task)
        self._agenda.settle()

    def _put_on_course(self, task: Task) -> None:
        course = self._courses.get((task.type, task.user_id)) or self._courses.get((task.type, None))
        if task.by_hand or course is task.course:
            return
        task.course = course
        now = self._clock.now()
        if course is None:
            return
        for step in course.steps:
            due = max(now, task.created + timedelta(seconds=step.after))
            self._agenda.add(due, partial(self._follow, task, course, step.state))

    def _follow(self, task: Task, course: Course, state: str) -> None:
        if task.course is course and task.state != state:  # else it has left this course since
            task.state = state
            self._record(Effect.TASK_MOVED, "course", task)

    def _record(self, effect: Effect, endpoint: str, task: Task) -> None:
        self._ledger.record(
            effect,
            endpoint,
            task.user_id,
            userId=task.user_id,
            taskId=task.id,
            taskType=task.type.value,
            state=task.state,
        )
