"""Watch review tasks from cron: ``*/5 * * * * python monitor.py USER_ID:JOB_TYPE_TA_OPEN …``.

Starts a watch for every task named (once: the second run finds the first one's), advances whatever is due, and
is silent unless somebody has to look. The exit code is 0 when all is well, 1 when a watch is overdue (still open after
``--patience``, or given up at its deadline within the last day) or lost (it ended within the last day, as there is no
user of that id), 2 when it cannot look, 3 when one is parked, or has failed as often in a row as the setting
``attempts`` says. How a review itself ended, well or not, is not told. The settings come from the environment.
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime, timedelta

from onboarding import BlockingOnboarding, Journey, OnboardingError, Settings, Status


def main() -> int:
    """One run; its exit code."""
    parser = argparse.ArgumentParser(description="Watch review tasks.")
    parser.add_argument("tasks", nargs="*", metavar="USER_ID:TASK_TYPE")
    parser.add_argument("--patience", type=float, default=36, metavar="HOURS", help="overdue after this (36)")
    asked = parser.parse_args()
    try:
        stuck, overdue, lost = look(asked.tasks, timedelta(hours=asked.patience))
    except OnboardingError as error:
        print(f"monitor: {error}", file=sys.stderr)
        return 2
    if stuck or overdue or lost:
        failing = sum(journey.failing for journey in stuck)
        ids = " ".join(journey.id for journey in [*stuck, *overdue, *lost])
        print(f"{len(stuck) - failing} parked, {failing} failing, {len(overdue)} overdue, {len(lost)} lost: {ids}")
    return 3 if stuck else 1 if overdue or lost else 0


def look(tasks: list[str], patience: timedelta) -> tuple[list[Journey], list[Journey], list[Journey]]:
    """Start what is new, advance what is due; the watches that are stuck, those that take too long, and the lost."""
    settings = Settings.load()
    with BlockingOnboarding(settings, worker=False) as onboarding:
        for task in tasks:
            user_id, _, task_type = task.partition(":")
            onboarding.start("task-watch", key=task, user_id=user_id, task_type=task_type)
        onboarding.drain()
        parked = onboarding.list(flow="task-watch", status=Status.PARKED, limit=1000)
        failing = onboarding.list(flow="task-watch", failures=settings.attempts, limit=1000)
        slow = onboarding.list(flow="task-watch", status=Status.POLLING, older_than=patience, limit=1000)
        given_up = onboarding.list(flow="task-watch", state="overdue", limit=1000)
        no_user = onboarding.list(flow="task-watch", state="no_such_user", limit=1000)
    fresh = datetime.now(UTC) - timedelta(days=1)
    late = [*slow, *(watch for watch in given_up if watch.updated > fresh)]
    return [*parked, *failing], late, [watch for watch in no_user if watch.updated > fresh]


if __name__ == "__main__":
    sys.exit(main())
