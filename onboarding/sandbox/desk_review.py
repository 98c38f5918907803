"""The review desk: tasks are created and moved, by hand or on a course."""

from __future__ import annotations

from typing import Any

from pydantic import Field
from starlette.requests import Request

from onboarding.sandbox.core import Sandbox
from onboarding.sandbox.desk_request import DeskBody, DeskError, DeskRoute, Text, read, user_at
from onboarding.sandbox.tasks import SUBMITTED, Course, CourseStep, TaskType

__all__ = ["ROUTES"]


class _NewTask(DeskBody):
    user_id: Text
    task_type: TaskType
    state: Text = SUBMITTED


class _Move(DeskBody):
    state: Text


class _Step(DeskBody):
    after: float = Field(ge=0, le=1e9)
    state: Text


class _NewCourse(DeskBody):
    task_type: TaskType
    user_id: Text | None = None
    steps: list[_Step]


async def _tasks(sandbox: Sandbox, request: Request) -> list[dict[str, Any]]:
    user_id = request.query_params.get("userId")
    return [task.shown() for task in sandbox.tasks if user_id in (None, task.user_id)]


async def _create(sandbox: Sandbox, request: Request) -> dict[str, Any]:
    new = await read(request, _NewTask)
    user = user_at(sandbox, new.user_id)
    return sandbox.tasks.create(user.id, new.task_type, state=new.state, endpoint="desk").shown()


async def _move(sandbox: Sandbox, request: Request) -> dict[str, Any]:
    task = sandbox.tasks.get(request.path_params["id"])
    if task is None:
        raise DeskError(404, "there is no such task")
    sandbox.tasks.move(task, (await read(request, _Move)).state)
    return task.shown()


async def _courses(sandbox: Sandbox, request: Request) -> list[dict[str, Any]]:  # noqa: ARG001
    return [_shown(course) for course in sandbox.tasks.courses]


async def _set_course(sandbox: Sandbox, request: Request) -> list[dict[str, Any]]:
    new = await read(request, _NewCourse)
    steps = [CourseStep(step.after, step.state) for step in new.steps]
    sandbox.tasks.set_course(new.task_type, new.user_id, steps)
    return await _courses(sandbox, request)


async def _clear_courses(sandbox: Sandbox, request: Request) -> None:  # noqa: ARG001
    sandbox.tasks.clear_courses()


def _shown(course: Course) -> dict[str, Any]:
    return {
        "taskType": course.task_type.value,
        "userId": course.user_id,
        "steps": [{"after": step.after, "state": step.state} for step in course.steps],
    }


ROUTES = (
    DeskRoute("GET", "/sandbox/tasks", "all review tasks, or those of ?userId=, oldest first", _tasks),
    DeskRoute("POST", "/sandbox/tasks", f"create a task: {{userId, taskType, state? = {SUBMITTED}}}", _create),
    DeskRoute(
        "POST",
        "/sandbox/tasks/{id}/move",
        "{state}: move a task by hand, to any state; it leaves its course",
        _move,
    ),
    DeskRoute("GET", "/sandbox/courses", "the courses that are set", _courses),
    DeskRoute(
        "POST",
        "/sandbox/courses",
        "{taskType, userId?, steps: [{after, state}]}: tasks of this type, present and future, move "
        "by themselves `after` seconds from their creation; a course for a user beats one for all",
        _set_course,
    ),
    DeskRoute("DELETE", "/sandbox/courses", "forget all courses", _clear_courses),
)
