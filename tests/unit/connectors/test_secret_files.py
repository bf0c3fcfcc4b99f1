"""A secret is read only from a file that nobody else can read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from esap_jupyter.connectors import secret_files
from esap_jupyter.connectors.secret_files import read_secret
from esap_jupyter.errors import SignInNeeded


@pytest.fixture
def secret(tmp_path):
    path = tmp_path / "secret"
    path.write_text("s3cret\n")
    path.chmod(0o600)
    return path


def owned_by(monkeypatch, uid: int, mode: int) -> None:
    """Let the file look as if it belonged to somebody else."""
    status = os.stat_result((0o100000 | mode, 0, 0, 1, uid, 0, 7, 0, 0, 0))
    monkeypatch.setattr(secret_files.os, "fstat", lambda _: status)


def test_a_private_file_is_read_without_the_line_end(secret):
    assert read_secret(secret, "password") == "s3cret"


def test_the_home_directory_may_be_written_short(secret, monkeypatch):
    monkeypatch.setenv("HOME", str(secret.parent))
    assert read_secret(Path("~/secret"), "password") == "s3cret"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o660, 0o606])
def test_a_file_that_others_can_read_is_refused(secret, mode):
    secret.chmod(mode)
    with pytest.raises(
        SignInNeeded, match=r"password file .* can be read by others: it is not used. .*chmod 600"
    ):
        read_secret(secret, "password")


@pytest.mark.parametrize("mode", [0o400, 0o440])
def test_a_secret_mounted_into_a_container_belongs_to_root(secret, monkeypatch, mode):
    monkeypatch.setattr(secret_files.os, "geteuid", lambda: 1000)
    owned_by(monkeypatch, 0, mode)
    assert read_secret(secret, "password") == "s3cret"


@pytest.mark.parametrize("mode", [0o444, 0o460])
def test_a_mounted_secret_is_not_for_everyone_either(secret, monkeypatch, mode):
    monkeypatch.setattr(secret_files.os, "geteuid", lambda: 1000)
    owned_by(monkeypatch, 0, mode)
    with pytest.raises(SignInNeeded, match="can be read by everyone"):
        read_secret(secret, "password")


def test_root_in_a_container_may_use_anybodys_private_file(secret, monkeypatch):
    monkeypatch.setattr(secret_files.os, "geteuid", lambda: 0)
    owned_by(monkeypatch, 1001, 0o600)
    assert read_secret(secret, "password") == "s3cret"
    owned_by(monkeypatch, 1001, 0o640)
    with pytest.raises(SignInNeeded, match="can be read by others"):
        read_secret(secret, "password")


def test_another_persons_file_is_refused(secret, monkeypatch):
    monkeypatch.setattr(secret_files.os, "geteuid", lambda: 1000)
    owned_by(monkeypatch, 1001, 0o600)
    with pytest.raises(SignInNeeded, match="belongs to somebody else"):
        read_secret(secret, "password")


def test_a_missing_an_empty_and_a_binary_file_are_told_apart(tmp_path, secret):
    with pytest.raises(SignInNeeded, match="does not exist"):
        read_secret(tmp_path / "gone", "password")
    secret.write_text(" \n")
    with pytest.raises(SignInNeeded, match="is empty"):
        read_secret(secret, "password")
    secret.write_bytes(b"\xff\xfe")
    with pytest.raises(SignInNeeded, match="holds no text"):
        read_secret(secret, "password")


def test_a_file_that_cannot_be_opened_says_why(secret):
    with pytest.raises(SignInNeeded, match=r"cannot be read \(Not a directory\)"):
        read_secret(secret / "inside", "password")
