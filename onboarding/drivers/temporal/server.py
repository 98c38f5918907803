"""The Temporal server: the connection to it, and the attributes by which it lists journeys."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode, TLSConfig

from onboarding.drivers.temporal.workflow import ATTRIBUTES
from onboarding.errors import SettingsError
from onboarding.log import log

__all__ = ["Server", "connect", "has_attributes"]

_PATIENCE = timedelta(seconds=10)
_KEYWORD = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD


@dataclass(frozen=True, slots=True)
class Server:
    """Where the server is, and as whom to talk to it.

    Attributes:
        address: ``host:port``.
        namespace: of the workflows; it must be there.
        api_key: such as Temporal Cloud gives out; with it the connection is encrypted.
        tls: whether the connection is encrypted.
        ca: a file of the certificates to trust, instead of the system's.
        certificate: a file of our own certificate.
        key: a file of its key.
    """

    address: str
    namespace: str = "default"
    api_key: str | None = field(default=None, repr=False)
    tls: bool = False
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


async def connect(server: Server) -> Client:
    """A connection that stands. Raises ``SettingsError``, which says what cannot be reached or read."""
    fault = None
    try:
        client = await Client.connect(
            server.address, namespace=server.namespace, api_key=server.api_key, tls=_tls(server),
            connect_timeout=_PATIENCE,
        )  # fmt: skip
        asked = DescribeNamespaceRequest(namespace=server.namespace)
        await client.workflow_service.describe_namespace(asked, timeout=_PATIENCE)
    except OSError as error:
        fault = f"a file of its certificates cannot be read: {error.strerror or type(error).__name__}"
    except RPCError as error:
        fault = _why(error, server)
    except (RuntimeError, ValueError):
        fault = f"no Temporal server answers at {server.address}"
    if fault is not None:
        raise SettingsError(f"ONBOARDING_TEMPORAL_ADDRESS: {fault}")
    return client


def _why(error: RPCError, server: Server) -> str:
    if error.status is RPCStatusCode.NOT_FOUND:
        return f"the Temporal server at {server.address} has no namespace {server.namespace!r}"
    if error.status in (RPCStatusCode.UNAUTHENTICATED, RPCStatusCode.PERMISSION_DENIED):
        return f"the Temporal server at {server.address} refuses whoever asks (ONBOARDING_TEMPORAL_API_KEY)"
    return f"the Temporal server at {server.address} answers with {error.status.name}"


def _tls(server: Server) -> TLSConfig | bool:
    if server.ca is None and server.certificate is None and server.key is None:
        return server.tls or server.api_key is not None
    ca, certificate, key = (
        None if file is None else file.read_bytes() for file in (server.ca, server.certificate, server.key)
    )
    return TLSConfig(server_root_ca_cert=ca, client_cert=certificate, client_private_key=key)


async def has_attributes(client: Client) -> bool:
    """Whether the server has the attributes that journeys are searched by; they are registered where it lets us.

    Without them everything works but the search: an attribute that it does not know would stop a workflow. One that
    was registered just now may be refused for a moment more; what is refused is asked again.
    """
    names = {key.name for key in ATTRIBUTES.values()}
    service = client.operator_service
    try:
        missing = names - await _known(client)
        if missing:
            await service.add_search_attributes(
                AddSearchAttributesRequest(
                    namespace=client.namespace, search_attributes=dict.fromkeys(missing, _KEYWORD)
                ),
                timeout=_PATIENCE,
            )
    except RPCError as error:
        log.warning(
            "journeys cannot be searched by flow, state and status in Temporal: register the attributes {} "
            "(Keyword) there; asked for them, it answered {}", ", ".join(sorted(names)), error.status.name,
        )  # fmt: skip
        return False
    return True


async def _known(client: Client) -> set[str]:
    """The names of the server's own attributes."""
    answer = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace), timeout=_PATIENCE
    )
    return {name for name, kind in answer.custom_attributes.items() if kind == _KEYWORD}
