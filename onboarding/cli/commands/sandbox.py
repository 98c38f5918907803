"""``sandbox``: a stand-in for the broker, to try everything against."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["sandbox"]


def sandbox(
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8090,
    host: Annotated[
        str, typer.Option(help="The address to listen on; its desk asks for no credentials.")
    ] = "127.0.0.1",
    tenant_id: Annotated[str | None, typer.Option(metavar="ID", help="The tenant that it serves.")] = None,
    seed: Annotated[int | None, typer.Option(help="Makes codes and ids repeatable.")] = None,
    strength: Annotated[
        str | None, typer.Option(metavar="RULE", help="The password rule: middle, strong, superstrong.")
    ] = None,
    code_lifetime: Annotated[float | None, typer.Option(min=0.1, help="Seconds until a code expires.")] = None,
    login_failures: Annotated[int | None, typer.Option(min=1, help="Failed logins until an account locks.")] = None,
) -> None:
    """Serve a stand-in for the broker until SIGINT or SIGTERM: all its endpoints, a mailbox, a review desk, faults."""
    from onboarding.sandbox import SandboxConfig, serve

    given = {
        "tenant_id": tenant_id, "seed": seed, "strength": _strength(strength), "code_lifetime": code_lifetime,
        "login_failures": login_failures,
    }  # fmt: skip
    config = SandboxConfig(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]

    def ready(url: str) -> None:
        print(f"# the sandbox answers at {url}; its desk: {url}/sandbox/")
        print(f"export ONBOARDING_BASE_URL={url}")
        print(f"export ONBOARDING_TENANT_ID={config.tenant_id}")
        print(f"export ONBOARDING_API_TOKEN={config.token}")
        print("# poll, resend and look into doubts quickly, as the sandbox does everything at once")
        print("export ONBOARDING_POLL_EVERY=2s ONBOARDING_COOLDOWN=2s ONBOARDING_LANDING_DELAY=2s", flush=True)

    serve(host, port, config, on_ready=ready)


def _strength(name: str | None) -> object:
    """The password rule of that name; raises ``InvalidData``."""
    from onboarding.errors import InvalidData
    from onboarding.sandbox import Strength

    if name is None:
        return None
    found = {each.name.replace("_", "").lower(): each for each in Strength}
    wanted = name.replace("-", "").replace("_", "").lower()
    if wanted not in found:
        raise InvalidData(f"--strength must be one of {', '.join(found)}")
    return found[wanted]
