"""The desk from Python: what a test, a demo or QA does around the broker. Blocking, standard library only."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from onboarding.errors import OnboardingError, SettingsError
from onboarding.sandbox.ledger import LedgerEntry, RequestEntry
from onboarding.sandbox.mailbox import Message

__all__ = ["DeskRefused", "SandboxDesk"]

_POLL = 0.02  # seconds between two looks into the mailbox


class DeskRefused(OnboardingError):
    """The desk could not do what was asked: ``status`` is its HTTP status."""

    def __init__(self, message: str, *, status: int) -> None:
        self.status = status
        super().__init__(message)


class SandboxDesk:
    """The desk of the sandbox at ``url``.

    Args:
        url: the sandbox's base URL, such as ``SandboxServer.url``.
        timeout: seconds that one call may take.

    Every method raises :class:`DeskRefused` when the desk refuses, and ``OSError`` when nobody answers.
    """

    def __init__(self, url: str, *, timeout: float = 10.0) -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise SettingsError("the sandbox's address must look like http://127.0.0.1:8090")
        self.url = url.rstrip("/")
        self._host, self._port = parts.hostname, parts.port or 80
        self._timeout = timeout

    def __repr__(self) -> str:
        return f"SandboxDesk({self.url!r})"

    def messages(self, to: str | None = None) -> list[Message]:
        """All messages, or one recipient's, newest last."""
        return [Message(**message) for message in self._call("GET", "/mailbox", query={"to": to})]

    def latest_message(self, to: str, *, after: int = 0) -> Message | None:
        """The newest message to ``to`` whose number is above ``after``."""
        try:
            return Message(**self._call("GET", "/mailbox/latest", query={"to": to, "after": after}))
        except DeskRefused as refused:
            if refused.status == http.client.NOT_FOUND:
                return None
            raise

    def latest_code(self, to: str) -> str:
        """The newest code for ``to``; :class:`DeskRefused` where there is none."""
        return str(self._call("GET", "/mailbox/latest", query={"to": to})["code"])

    def wait_for_code(self, to: str, timeout: float = 5.0, *, after: int = 0) -> str:
        """The newest code for ``to``, as soon as there is one.

        Args:
            to: the recipient.
            timeout: real seconds to wait.
            after: only a message with a higher number counts: that of the last one, to wait for another.

        Raises:
            TimeoutError: none came.
        """
        deadline = time.monotonic() + timeout
        while (message := self.latest_message(to, after=after)) is None:
            if time.monotonic() >= deadline:
                raise TimeoutError(f"no code came within {timeout} s")
            time.sleep(_POLL)
        return message.code

    def clear_mailbox(self) -> None:
        """Empty the mailbox."""
        self._call("DELETE", "/mailbox")

    def users(self) -> list[dict[str, Any]]:
        """All users."""
        return list(self._call("GET", "/users"))

    def user(self, user_id: str) -> dict[str, Any]:
        """One user, with the account info under ``account``."""
        return dict(self._call("GET", f"/users/{quote(user_id, safe='')}"))

    def create_user(
        self,
        name: str,
        *,
        password: str,
        phone: str | None = None,
        email: str | None = None,
        language: str = "en-US",
        accounts: Sequence[Mapping[str, Any]] = (),
        account: Mapping[str, Any] | None = None,
    ) -> str:
        """A new user's id; ``accounts`` are trading accounts, ``account`` is laid over the blank info."""
        body = {
            "name": name,
            "password": password,
            "phone": phone,
            "email": email,
            "language": language,
            "accounts": [dict(trading) for trading in accounts],
            "account": dict(account or {}),
        }
        return str(self._call("POST", "/users", body)["userId"])

    def check_password(self, user_id: str, password: str) -> bool:
        """Whether the password is the user's; it counts as no login."""
        path = f"/users/{quote(user_id, safe='')}/check-password"
        return bool(self._call("POST", path, {"password": password})["matches"])

    def unlock(self, user_id: str) -> None:
        """Lift the lock of a user and forget the failed logins."""
        self._call("POST", f"/users/{quote(user_id, safe='')}/unlock")

    def tasks(self, user_id: str | None = None) -> list[dict[str, Any]]:
        """All review tasks, or a user's, as 2.13 shows them, oldest first."""
        return list(self._call("GET", "/tasks", query={"userId": user_id}))

    def create_task(self, user_id: str, task_type: str, state: str = "Submited") -> str:
        """A new review task's id."""
        body = {"userId": user_id, "taskType": task_type, "state": state}
        return str(self._call("POST", "/tasks", body)["id"])

    def move_task(self, task_id: str, state: str) -> None:
        """Move a review task by hand; it leaves its course."""
        self._call("POST", f"/tasks/{quote(task_id, safe='')}/move", {"state": state})

    def set_course(self, task_type: str, steps: Iterable[tuple[float, str]], *, user_id: str | None = None) -> None:
        """Let tasks of a type move by themselves: ``(seconds after the task's creation, state)``."""
        listed = [{"after": after, "state": state} for after, state in steps]
        self._call("POST", "/courses", {"taskType": task_type, "userId": user_id, "steps": listed})

    def clear_courses(self) -> None:
        """Forget all courses."""
        self._call("DELETE", "/courses")

    def add_fault(
        self,
        endpoint: str,
        kind: str,
        *,
        seconds: float | None = None,
        retry_after: float | str | None = None,
        times: int | None = None,
        rate: float = 1.0,
        seed: int | None = None,
        skip: int = 0,
        effect: bool | None = None,
    ) -> int:
        """Put a fault in force (:mod:`onboarding.sandbox.faults` explains each); its id."""
        body = {
            "endpoint": endpoint,
            "kind": kind,
            "seconds": seconds,
            "retry_after": retry_after,
            "times": times,
            "rate": rate,
            "seed": seed,
            "skip": skip,
            "effect": effect,
        }
        return int(self._call("POST", "/faults", body)["id"])

    def faults(self) -> list[dict[str, Any]]:
        """The faults in force, with ``seen`` and ``fired``."""
        return list(self._call("GET", "/faults"))

    def remove_fault(self, fault_id: int) -> None:
        """End one fault."""
        self._call("DELETE", f"/faults/{fault_id}")

    def clear_faults(self) -> None:
        """End all faults."""
        self._call("DELETE", "/faults")

    def ledger(self, *, since: int = 0, subject: str | None = None, effect: str | None = None) -> list[LedgerEntry]:
        """Every effect that happened, in order; ``subject`` is a number, an address or a user id."""
        query = {"since": since, "subject": subject, "effect": effect}
        return [LedgerEntry(**entry) for entry in self._call("GET", "/ledger", query=query)]

    def requests(self, *, since: int = 0, endpoint: str | None = None) -> list[RequestEntry]:
        """Every request of the API, in order."""
        query = {"since": since, "endpoint": endpoint}
        return [RequestEntry(**entry) for entry in self._call("GET", "/requests", query=query)]

    def now(self) -> datetime:
        """The sandbox's time."""
        return datetime.fromisoformat(self._call("GET", "/clock")["now"])

    def advance_clock(self, seconds: float) -> None:
        """Move the sandbox's time ahead."""
        self._call("POST", "/clock/advance", {"seconds": seconds})

    def reset(self) -> None:
        """Forget everything."""
        self._call("POST", "/reset")

    def _call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, Any] | None = None,
    ) -> Any:
        asked = urlencode({name: value for name, value in (query or {}).items() if value is not None})
        connection = http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)
        try:
            connection.request(
                method,
                f"/sandbox{path}?{asked}" if asked else f"/sandbox{path}",
                json.dumps(body).encode() if body is not None else None,
                {"content-type": "application/json", "connection": "close"},
            )
            answer = connection.getresponse()
            content = json.loads(answer.read())
        finally:
            connection.close()
        if answer.status != http.client.OK:
            raise DeskRefused(f"the sandbox's desk refused: {content['error']}", status=answer.status)
        return content
