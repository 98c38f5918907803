"""The desk's faults: what shall go wrong, and how often it did."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from onboarding.sandbox.core import Sandbox
from onboarding.sandbox.desk_request import DeskError, DeskRoute, read
from onboarding.sandbox.faults import Fault, FaultKind, FaultRule

__all__ = ["ROUTES"]


async def _list(sandbox: Sandbox, request: Request) -> list[dict[str, Any]]:  # noqa: ARG001
    return [_shown(fault) for fault in sandbox.faults]


async def _add(sandbox: Sandbox, request: Request) -> dict[str, Any]:
    return _shown(sandbox.faults.add(await read(request, FaultRule)))


async def _clear(sandbox: Sandbox, request: Request) -> None:  # noqa: ARG001
    sandbox.faults.clear()


async def _remove(sandbox: Sandbox, request: Request) -> None:
    if not sandbox.faults.remove(request.path_params["id"]):
        raise DeskError(404, "there is no such fault")


def _shown(fault: Fault) -> dict[str, Any]:
    rule = fault.rule.model_dump(mode="json", exclude_none=True)
    return {"id": fault.id, **rule, "seen": fault.seen, "fired": fault.fired}


ROUTES = (
    DeskRoute("GET", "/sandbox/faults", "the faults in force, with seen and fired", _list),
    DeskRoute(
        "POST",
        "/sandbox/faults",
        "{endpoint: a section or *, kind, seconds?, retry_after?, times?, rate?, seed?, skip?, effect?} "
        "-> {id}; kinds: " + ", ".join(FaultKind),
        _add,
    ),
    DeskRoute("DELETE", "/sandbox/faults", "end all faults", _clear),
    DeskRoute("DELETE", "/sandbox/faults/{id:int}", "end one fault", _remove),
)
