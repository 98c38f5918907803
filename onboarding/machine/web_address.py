"""The address of something on the web that the journey only hands on: https, on a host that is allowed."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import AfterValidator, StringConstraints, ValidationInfo
from pydantic_core import PydanticCustomError

__all__ = ["ANY_HOST", "WebAddress", "host_name", "web_hosts"]

ANY_HOST = "*"
"""Allows every host that has a name; one that is an IP address must be listed by itself."""

_CONTEXT = "web_hosts"
_LONGEST = 2048
_LONGEST_HOST = 253
_PORTS = range(1, 65536)
# Strict, so that no two parsers can read it differently: ASCII, no user name, no backslash, nothing that a URL
# would have to escape. A host with other letters is written in its xn-- form.
_ADDRESS = re.compile(
    r"(?P<scheme>https:)?//(?P<host>[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<rest>/[!#-;=?-Z_a-z~\[\]]+)",
    re.IGNORECASE | re.ASCII,
)
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)


def web_hosts(hosts: Iterable[str]) -> dict[str, Any]:
    """The validation context in which a ``WebAddress`` must be on one of these hosts (``host_name`` each, or ``*``)."""
    return {_CONTEXT: frozenset(hosts)}


def host_name(text: str) -> str | None:
    """A host as it is compared: small letters, no dot at its end, an IPv6 address in brackets; None: it is none."""
    host = text.lower().removesuffix(".")
    if not host.isascii() or len(host) > _LONGEST_HOST:
        return None
    labels = host.split(".")
    # A last label that is a number makes it an IPv4 address for a browser: 127.1, 0x7f.1 and 2130706433 are loopback.
    if ":" in host or _NUMBER.fullmatch(labels[-1]):
        return _ip_address(host)
    return host if all(_LABEL.fullmatch(label) for label in labels) else None


def _ip_address(host: str) -> str | None:
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        return None if address.scope_id else f"[{address}]"
    return str(address) if bare == host else None


def _is_allowed(host: str, allowed: frozenset[str]) -> bool:
    if host in allowed:
        return True
    if host.startswith("[") or _NUMBER.fullmatch(host.rpartition(".")[2]):
        return False
    return ANY_HOST in allowed or any(host.endswith(f".{parent}") for parent in allowed)


def _web_address(value: str, info: ValidationInfo) -> str:
    found = _ADDRESS.fullmatch(value)
    host = host_name(found["host"]) if found else None
    if found is None or host is None or (found["port"] is not None and int(found["port"]) not in _PORTS):
        raise PydanticCustomError("web_address", "must be an https address, like https://example.com/me.png")
    allowed = info.context.get(_CONTEXT) if isinstance(info.context, dict) else None
    if allowed is not None and not _is_allowed(host, allowed):
        raise PydanticCustomError("web_host", "must be on a host that is allowed (ONBOARDING_AVATAR_HOSTS)")
    port = "" if found["port"] is None else f":{found['port']}"
    return f"{(found['scheme'] or '').lower()}//{host}{port}{found['rest']}"


WebAddress = Annotated[str, StringConstraints(max_length=_LONGEST), AfterValidator(_web_address)]
"""An ``https`` address (or ``//host/…``, as contract 2.10 shows it), never fetched here, only handed on.

At the start of a journey and for an input its host must be on the list that the settings have (``avatar_hosts``);
a journey that is read back is not asked again. Its host is kept in small letters, without a dot at its end.
"""
