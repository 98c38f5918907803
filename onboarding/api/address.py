"""The base address: checked once, strictly, so that no two parsers can read it differently."""

from __future__ import annotations

import ipaddress
import re

__all__ = ["is_loopback", "problem_with"]

_ADDRESS = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9.-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>(?:/[a-z0-9._~-]+)*)/?",
    re.IGNORECASE,
)
_PORTS = range(1, 65536)


def is_loopback(host: str) -> bool:
    """Whether a host is ``localhost``, in 127.0.0.0/8 or ``::1``."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def problem_with(base_url: str) -> str | None:
    """What is wrong with a base address, without repeating it (it may hold a password); None: it is fine."""
    found = _ADDRESS.fullmatch(base_url)
    if found is None:
        return "must look like https://host[:port][/path], without user name, query or fragment"
    if found["port"] is not None and int(found["port"]) not in _PORTS:
        return "names a port that there is not"
    if any(part in (".", "..") for part in found["path"].split("/")):
        return "must not have dots as a part of its path"
    if found["scheme"].lower() != "https" and not is_loopback(found["host"]):
        return "must be https: plain http is for loopback only"
    return None
