"""A certificate authority for services on this machine, made anew whenever they start."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


@dataclass(frozen=True)
class Certificate:
    """A certificate and its private key, both PEM.

    Attributes
    ----------
    key_file : Path
        Readable by its owner only.
    """

    certificate_file: Path
    key_file: Path


def make_certificates(
    directory: Path, authority: str, names: Sequence[str], *, days: int = 366
) -> tuple[Path, dict[str, Certificate]]:
    """Make an authority and let it sign one certificate for each name.

    The authority's own key is not kept: nothing else can ever be signed with it, so trusting it is
    trusting these certificates. They serve both as server certificates for ``localhost``,
    127.0.0.1 and ::1 and as client certificates.

    Parameters
    ----------
    directory : Path
        Where the files go; an earlier authority there is replaced.
    authority : str
        Common name of the authority.
    names : sequence of str
        Common names of the certificates; also the stems of their files.
    days : int
        For how long they are valid.

    Returns
    -------
    tuple of Path and dict
        The authority's certificate (PEM), and the certificates by name.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority_certificate = (
        _builder(authority, authority, authority_key, days)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    ca_file = directory / "ca.pem"
    ca_file.write_bytes(authority_certificate.public_bytes(serialization.Encoding.PEM))
    issued = {}
    for name in names:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            _builder(name, authority, key, days)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(_LOOPBACK, critical=False)
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]),
                critical=False,
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()),
                critical=False,
            )
            .sign(authority_key, hashes.SHA256())
        )
        issued[name] = Certificate(directory / f"{name}.pem", directory / f"{name}.key")
        issued[name].certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        write_private(
            issued[name].key_file,
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            ),
        )
    return ca_file, issued


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, from its first byte on."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


_LOOPBACK = x509.SubjectAlternativeName(
    [
        x509.DNSName("localhost"),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
        x509.IPAddress(ipaddress.ip_address("::1")),
    ]
)


def _builder(
    subject: str, issuer: str, key: ec.EllipticCurvePrivateKey, days: int
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # An hour of grace for clocks that were set back.
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
