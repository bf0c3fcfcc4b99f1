"""What `site.toml` may say, and how an error in it is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from esap_jupyter.errors import ConfigError
from esap_jupyter.hub.site import load_site

GOOD = """\
[site]
url = "https://jupyter.example.org"

[sign_in]
provider = "iam"
issuer = "https://iam.example.org/"
client_id = "hub"
allowed_groups = ["/escape"]
"""


def write(directory: Path, text: str) -> Path:
    path = directory / "site.toml"
    path.write_text(text)
    return path


def test_a_profile_knows_scopes_and_claims(tmp_path: Path) -> None:
    sign_in = load_site(write(tmp_path, GOOD)).sign_in
    assert "wlcg.groups" in sign_in.wanted_scopes()
    assert sign_in.name_claim() == "preferred_username"
    check_in = load_site(write(tmp_path, GOOD.replace('"iam"', '"check-in"'))).sign_in
    assert check_in.name_claim() == "voperson_id"


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ('"iam"', '"ldap"', 5, "sign_in.provider"),
        ("https://jupyter.example.org", "jupyter.example.org", 2, "http or https URL"),
        ("https://iam.example.org/", "https://me:secret@iam.example.org/", 6, "without user and password"),
        ('client_id = "hub"', 'client_id = ""', 7, "sign_in.client_id"),
        ('client_id = "hub"', 'client = "hub"\nclient_id = "hub"', 7, "sign_in.client"),
        ('allowed_groups = ["/escape"]', "", 4, "allowed_groups"),
    ],
)
def test_an_error_names_the_line(tmp_path: Path, old: str, new: str, line: int, message: str) -> None:
    with pytest.raises(ConfigError, match=rf"site\.toml, line {line}: .*{message}") as told:
        load_site(write(tmp_path, GOOD.replace(old, new)))
    assert "secret" not in str(told.value)


def test_a_file_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"site\.toml cannot be read"):
        load_site(tmp_path / "site.toml")


@pytest.mark.parametrize(
    ("mode", "text", "message"),
    [(0o644, "s3cret", "others may read"), (0o600, "", "is empty"), (None, "", "cannot be read")],
)
def test_a_secret_is_the_hubs_alone(tmp_path: Path, mode: int | None, text: str, message: str) -> None:
    site = load_site(write(tmp_path, GOOD))
    if mode is not None:
        (tmp_path / "secrets").mkdir()
        path = tmp_path / "secrets" / "client_secret"
        path.write_text(text)
        path.chmod(mode)
    with pytest.raises(ConfigError, match=message) as told:
        site.secret("sign_in", "client_secret_file")
    assert "s3cret" not in str(told.value)
