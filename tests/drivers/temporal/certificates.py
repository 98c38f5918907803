"""Certificates, made where they are needed: an authority, and whoever it has signed for."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

__all__ = ["Authority", "Pair"]

_DAY = timedelta(days=1)
_PEM = serialization.Encoding.PEM


@dataclass(frozen=True)
class Pair:
    """Files of a certificate and of its key."""

    certificate: Path
    key: Path


class Authority:
    """Signs certificates; its own is in a file."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        signed = _begun(self._name, self._name, self._key, datetime.now(UTC) + _DAY)
        signed = signed.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        self.file = _written(folder / f"{name}.pem", signed.sign(self._key, hashes.SHA256()))

    def sign(self, name: str, *, host: str = "127.0.0.1", until: timedelta = _DAY) -> Pair:
        """A certificate for a host, by its address or its name, and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        general: x509.GeneralName = x509.DNSName(host)
        if host[0].isdigit():
            general = x509.IPAddress(ipaddress.ip_address(host))
        signed = _begun(_named(name), self._name, key, datetime.now(UTC) + until)
        signed = signed.add_extension(x509.SubjectAlternativeName([general]), critical=False)
        file = self._folder / f"{name}.key"
        file.write_bytes(
            key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )  # fmt: skip
        return Pair(_written(self._folder / f"{name}.pem", signed.sign(self._key, hashes.SHA256())), file)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, until: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(until - 10 * _DAY)
        .not_valid_after(until)
    )


def _written(file: Path, certificate: x509.Certificate) -> Path:
    file.write_bytes(certificate.public_bytes(_PEM))
    return file
