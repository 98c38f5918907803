"""The stand-in service and a client for it, once for each HTTP library."""

from __future__ import annotations

import socket
import ssl
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from scripted_service import TOKEN, ScriptedService

from onboarding.api import http_library
from onboarding.api.client import AccountApi

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=[httpx2, httpx], ids=["httpx2", "httpx"])
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The library that the clients of the test use."""
    monkeypatch.setattr("onboarding.api.transport.preferred_library", lambda: request.param)
    assert http_library.preferred_library() is httpx2
    return request.param


@pytest.fixture
async def service() -> AsyncIterator[ScriptedService]:
    async with ScriptedService() as running:
        yield running


@pytest.fixture
async def make(service: ScriptedService) -> AsyncIterator[Callable[..., AccountApi]]:
    """Makes clients of the service, and closes them."""
    made: list[AccountApi] = []

    def make_one(base_url: str | None = None, **settings: Any) -> AccountApi:
        settings = {"tenant_id": "T001117", "token": TOKEN, "timeout": 5.0, **settings}
        made.append(AccountApi(base_url or service.url, **settings))
        return made[-1]

    yield make_one
    for one in made:
        await one.aclose()


@pytest.fixture
def api(library: Any, make: Callable[..., AccountApi]) -> AccountApi:
    return make()


@pytest.fixture
def unused_tcp_port() -> int:
    """A port of loopback on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def self_signed(tmp_path: Path) -> ssl.SSLContext:
    """A server's context with a certificate that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "both.pem").write_bytes(secret + certificate.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "both.pem")
    return context
