"""Why a Temporal server cannot be reached: what its client says, which is written for its makers, as one sentence."""

from __future__ import annotations

from temporalio.service import RPCError, RPCStatusCode

__all__ = ["why_not_connected", "why_refused"]

_CA, _NAME = "ONBOARDING_TEMPORAL_CA", "ONBOARDING_TEMPORAL_SERVER_NAME"
_OWN = "ONBOARDING_TEMPORAL_CERTIFICATE and ONBOARDING_TEMPORAL_KEY"

# By the names of rustls' errors, of which the client shows the whole chain: the first that is found tells most.
_SAID = (
    ("InvalidCertificate(Expired", "its certificate has expired"),
    ("InvalidCertificate(NotValidYet", "its certificate is not valid yet, or the clock here is wrong"),
    ("InvalidCertificate(NotValidForName", f"its certificate is for another name ({_NAME} says which one to expect)"),
    ("InvalidCertificate(UnknownIssuer", f"its certificate is from nobody who is trusted here ({_CA})"),
    ("InvalidCertificate(CaUsedAsEndEntity", "its certificate is one of an authority, not of a server"),
    ("InvalidCertificate(", "its certificate is not valid"),
    ("InconsistentKeys", f"{_OWN} do not belong together"),
    ("KeyMismatch", f"{_OWN} do not belong together"),
    ("PrivateKeyParseError", f"{_OWN} cannot be used: no private key in PEM"),
    ("CertificateParseError", f"{_OWN} cannot be used: no certificate in PEM"),
    ("InvalidMessage(", "it does not speak TLS"),
    ("H2NotNegotiated", "it speaks TLS, but not HTTP/2: something else answers there"),
    ("AlertReceived(", f"it wants a certificate from who asks, and not this one ({_OWN})"),
)
_DENIED = ("code: Unauthenticated", "code: PermissionDenied")
_BEGUN = "get_system_info"
"""In what it says when a connection stood, and the first question broke it."""


def why_not_connected(said: str, address: str, namespace: str, *, encrypted: bool) -> str:
    """A sentence about a connection that never came to be useful.

    Args:
        said: what the client says. Nothing of it is repeated.
        address: of the server.
        namespace: what was asked for.
        encrypted: whether TLS was spoken.
    """
    if any(mark in said for mark in _DENIED):
        return _denied(address, namespace)
    sentence = f"no Temporal server answers at {address}"
    for mark, why in _SAID:
        if mark in said:
            return f"{sentence}: {why}"
    if _BEGUN not in said:
        return sentence
    if encrypted:  # in TLS 1.3 a certificate is refused after the handshake
        return f"{sentence}: it ends the connection; does it want a certificate from who asks ({_OWN})?"
    return f"{sentence}: it ends the connection; does it want TLS (ONBOARDING_TEMPORAL_TLS)?"


def why_refused(error: RPCError, address: str, namespace: str) -> str:
    """What a server means that has answered."""
    if error.status is RPCStatusCode.NOT_FOUND:
        return f"the Temporal server at {address} has no namespace {namespace!r}"
    if error.status in (RPCStatusCode.UNAUTHENTICATED, RPCStatusCode.PERMISSION_DENIED):
        return _denied(address, namespace)
    return f"the Temporal server at {address} answers with {error.status.name}"


def _denied(address: str, namespace: str) -> str:
    return (
        f"the Temporal server at {address} refuses whoever asks for the namespace {namespace!r} "
        f"(ONBOARDING_TEMPORAL_API_KEY, or {_OWN})"
    )
