"""Replicas that are not HTTP are brought by a tool; here by one that does as it is told."""

from __future__ import annotations

import asyncio
import os
import time
import zlib

import pytest

from esap_jupyter.connectors.rucio.copy_tools import bring
from esap_jupyter.errors import AddressRefused, ChecksumMismatch, NoReplica, TransferError
from esap_jupyter.models import Replica, SourceFile

CONTENT = b"SIMPLE  =                    T"
STORAGE = frozenset({"root://storage.example:1094"})


@pytest.fixture
def xrdcp(tmp_path, monkeypatch):
    """Put a script of this name where programs are looked for."""
    programs = tmp_path / "programs"
    programs.mkdir()
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")

    def make(script: str) -> None:
        path = programs / "xrdcp"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    make(f"printf '%s' '{CONTENT.decode()}' > \"$4\"")
    return make


def file(*urls: str, **about: object) -> SourceFile:
    usual = {"size": len(CONTENT), "checksums": {"adler32": f"{zlib.adler32(CONTENT):08x}"}}
    replicas = tuple(Replica(url=url, rse="DISK") for url in urls or ("root://storage.example:1094//a",))
    return SourceFile(item_id="i", service="lake", path="mc/a", replicas=replicas, **{**usual, **about})


async def test_the_file_gets_its_name_when_it_is_verified(xrdcp, tmp_path):
    target = tmp_path / "mc" / "a"
    await bring(file(), target, STORAGE, {})
    assert target.read_bytes() == CONTENT
    assert list(target.parent.iterdir()) == [target]


async def test_the_credential_is_in_the_tools_environment(xrdcp, tmp_path):
    xrdcp('printf "%s" "$BEARER_TOKEN" > "$4"')
    await bring(file(size=3, checksums={}), tmp_path / "a", STORAGE, {"BEARER_TOKEN": "jwt"})
    assert (tmp_path / "a").read_text() == "jwt"


@pytest.mark.parametrize(
    ("about", "error"),
    [({"checksums": {"adler32": "00000001"}}, ChecksumMismatch), ({"size": 7}, TransferError)],
)
async def test_bytes_that_are_not_the_promised_ones_get_no_name(xrdcp, tmp_path, about, error):
    with pytest.raises(error) as raised:
        await bring(file(**about), tmp_path / "a", STORAGE, {})
    assert raised.value.service == "lake"
    assert not list(tmp_path.glob("a*"))


async def test_what_the_tool_says_reaches_the_person(xrdcp, tmp_path):
    xrdcp("echo 'noise' >&2; echo '[FATAL] Auth failed' >&2; exit 52")
    with pytest.raises(TransferError, match=r"DISK: xrdcp failed: \[FATAL\] Auth failed"):
        await bring(file(), tmp_path / "a", STORAGE, {})


async def test_a_token_that_the_tool_repeats_is_not_shown(xrdcp, tmp_path):
    xrdcp('echo "bad token $BEARER_TOKEN" >&2; exit 52')
    with pytest.raises(TransferError, match=r"bad token \*\*\*"):
        await bring(file(), tmp_path / "a", STORAGE, {"BEARER_TOKEN": "jwt.of.person"})


async def test_the_next_replica_is_tried(xrdcp, tmp_path):
    xrdcp(f'case "$3" in *bad*) exit 3;; esac; printf "%s" "{CONTENT.decode()}" > "$4"')
    urls = ("root://storage.example:1094//bad", "root://storage.example:1094//good")
    await bring(file(*urls), tmp_path / "a", STORAGE, {})
    assert (tmp_path / "a").exists()


async def test_a_missing_tool_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        NoReplica, match=r"read by xrdcp, which is not installed. Install it \(xrootd-client\)"
    ):
        await bring(file(), tmp_path / "a", STORAGE, {})


@pytest.mark.parametrize(
    "url",
    [
        "root://elsewhere.example:1094//a",
        "root://storage.example:1094#@elsewhere.example//a",
        "root://storage.example:1094?@elsewhere.example//a",
        "root://elsewhere.example\\@storage.example:1094//a",
        "root://storage.example:1094",
        "root://storage.example:99999999//a",
    ],
)
async def test_a_storage_that_the_configuration_does_not_name_is_not_talked_to(xrdcp, tmp_path, url):
    xrdcp("touch $(dirname $0)/called")
    with pytest.raises(AddressRefused, match=r"no storage that the configuration names.*`origins`"):
        await bring(file(url), tmp_path / "a", STORAGE, {"BEARER_TOKEN": "jwt"})
    assert not (tmp_path / "programs" / "called").exists()


async def test_without_a_replica_there_is_nothing_to_bring(tmp_path):
    with pytest.raises(NoReplica, match="mc/a has no replica"):
        await bring(file().model_copy(update={"replicas": ()}), tmp_path / "a", STORAGE, {})


async def test_cancelling_ends_the_tool_and_leaves_nothing(xrdcp, tmp_path):
    xrdcp('trap "" TERM; echo $$ > "$4"; sleep 60 & wait; sleep 60')
    bringing = asyncio.create_task(bring(file(), tmp_path / "a", STORAGE, {}))
    part = tmp_path / "a.part"
    async with asyncio.timeout(10):
        while not (part.exists() and part.read_text().strip()):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.01)
    tool = int(part.read_text())
    bringing.cancel()
    started = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        await bringing
    assert time.monotonic() - started < 5
    with pytest.raises(ProcessLookupError):
        os.kill(tool, 0)
    assert not list(tmp_path.glob("a*"))
