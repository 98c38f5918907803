"""The ASGI app: the API under ``/v1``, the desk under ``/sandbox``."""

from __future__ import annotations

from onboarding.errors import MissingExtra, SettingsError
from onboarding.sandbox.config import SandboxConfig
from onboarding.sandbox.core import Sandbox

try:
    from starlette.applications import Starlette
    from starlette.exceptions import HTTPException
    from starlette.requests import Request
    from starlette.responses import JSONResponse, Response
    from starlette.routing import Mount
except ImportError:
    raise MissingExtra("sandbox", "the sandbox") from None

from onboarding.sandbox.desk import desk_routes
from onboarding.sandbox.door import ApiDoor

__all__ = ["create_app"]


def create_app(sandbox: Sandbox | None = None, config: SandboxConfig | None = None) -> Starlette:
    """An app around a sandbox; without one, around a new one, which is ``app.state.sandbox``.

    Raises:
        SettingsError: both are given, though the sandbox has its settings already.
    """
    if sandbox is not None and config is not None:
        raise SettingsError("give create_app a sandbox or a config: a sandbox has its config already")
    sandbox = sandbox or Sandbox(config)
    app = Starlette(
        routes=[Mount("/v1", ApiDoor(sandbox)), *desk_routes(sandbox)],
        exception_handlers={HTTPException: _http_error},
    )
    app.router.redirect_slashes = False  # an address is right or it is not
    app.state.sandbox = sandbox
    return app


async def _http_error(request: Request, error: Exception) -> Response:  # noqa: ARG001
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail.lower()}, status_code=error.status_code, headers=error.headers)
