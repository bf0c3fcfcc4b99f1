import ssl
import stat

from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store

from esap_jupyter.demo.rucio_certificates import make_certificates, write_private


def test_the_certificate_is_good_for_loopback_under_its_own_authority_only(tmp_path):
    ca_file, certificates = make_certificates(tmp_path / "a", "Authority", ["localhost"])
    other_ca, _ = make_certificates(tmp_path / "b", "Authority", ["localhost"])
    leaf = x509.load_pem_x509_certificate(certificates["localhost"].certificate_file.read_bytes())

    def verify(authority, name):
        store = Store([x509.load_pem_x509_certificate(authority.read_bytes())])
        return PolicyBuilder().store(store).build_server_verifier(x509.DNSName(name)).verify(leaf, [])

    assert len(verify(ca_file, "localhost")) == 2
    for authority, name in ((other_ca, "localhost"), (ca_file, "example.org")):
        try:
            verify(authority, name)
        except x509.verification.VerificationError:
            continue
        raise AssertionError(f"{name} was accepted")


def test_openssl_takes_certificate_and_key(tmp_path):
    ca_file, certificates = make_certificates(tmp_path, "Authority", ["localhost"])
    context = ssl.create_default_context(cafile=ca_file)
    context.load_cert_chain(certificates["localhost"].certificate_file, certificates["localhost"].key_file)


def test_only_the_owner_reads_keys_and_the_authority_has_none_left(tmp_path):
    _, certificates = make_certificates(tmp_path / "keys", "Authority", ["one", "two"])
    for certificate in certificates.values():
        assert stat.S_IMODE(certificate.key_file.stat().st_mode) == 0o600
    keys = {path.name for path in (tmp_path / "keys").iterdir() if b"PRIVATE KEY" in path.read_bytes()}
    assert keys == {"one.key", "two.key"}


def test_a_private_file_replaces_one_that_everybody_could_read(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("old")
    secret.chmod(0o644)
    write_private(secret, b"new")
    assert secret.read_bytes() == b"new"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
