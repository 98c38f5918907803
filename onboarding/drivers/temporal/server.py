"""The Temporal server: the connection to it, and the attributes by which it lists journeys."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError, TLSConfig

from onboarding.drivers.temporal.unreachable import why_not_connected, why_refused
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
        name: what the server's certificate is for, where that is not the host of the address.
    """

    address: str
    namespace: str = "default"
    api_key: str | None = field(default=None, repr=False)
    tls: bool = False
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    name: str | None = None

    @property
    def is_encrypted(self) -> bool:
        """Whether TLS is spoken: wherever anything of it is set, and wherever a key would be overheard."""
        given = (self.api_key, self.ca, self.certificate, self.key, self.name)
        return self.tls or any(each is not None for each in given)


async def connect(server: Server) -> Client:
    """A connection that stands. Raises ``SettingsError``, which says what cannot be reached or read."""
    tls = _tls(server)
    fault = None
    try:
        async with asyncio.timeout(_PATIENCE.total_seconds()):
            client = await Client.connect(
                server.address, namespace=server.namespace, api_key=server.api_key, tls=tls, connect_timeout=_PATIENCE,
            )  # fmt: skip
            asked = DescribeNamespaceRequest(namespace=server.namespace)
            await client.workflow_service.describe_namespace(asked, timeout=_PATIENCE)
    except RPCError as error:
        fault = why_refused(error, server.address, server.namespace)
    except TimeoutError:
        fault = f"no Temporal server answers at {server.address} within {_PATIENCE.seconds} s"
    except (RuntimeError, ValueError) as error:
        fault = why_not_connected(str(error), server.address, server.namespace, encrypted=server.is_encrypted)
    if fault is not None:
        raise SettingsError(f"ONBOARDING_TEMPORAL_ADDRESS: {fault}")
    return client


def _tls(server: Server) -> TLSConfig | bool:
    if not server.is_encrypted:
        return False
    if (server.certificate is None) is not (server.key is None):
        raise SettingsError("ONBOARDING_TEMPORAL_CERTIFICATE and ONBOARDING_TEMPORAL_KEY are of use only together")
    ca, certificate = _certificates("CA", server.ca), _certificates("CERTIFICATE", server.certificate)
    return TLSConfig(
        server_root_ca_cert=ca, client_cert=certificate, client_private_key=_read("KEY", server.key),
        domain=server.name,
    )  # fmt: skip


def _certificates(setting: str, file: Path | None) -> bytes | None:
    """The file's content. A file without a certificate would be taken for one that trusts nobody."""
    content, fault = _read(setting, file), False
    try:
        if content is not None:
            x509.load_pem_x509_certificates(content)
    except ValueError:
        fault = True
    if fault:
        raise SettingsError(f"ONBOARDING_TEMPORAL_{setting}: the file holds no certificate in PEM")
    return content


def _read(setting: str, file: Path | None) -> bytes | None:
    try:
        return None if file is None else file.read_bytes()
    except OSError as error:
        fault = error.strerror or type(error).__name__
    raise SettingsError(f"ONBOARDING_TEMPORAL_{setting}: the file cannot be read: {fault}")


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
