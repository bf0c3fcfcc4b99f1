"""From a DID of a data lake to verified files: ESAP, `rucio download`, and curl with a checksum.

All three read from the same XRootD storage over HTTPS. Curl is given the addresses, for which ESAP and the
peer ask Rucio. Ours and the peer are whole processes, from the interpreter's start to its end; `in_kernel` is
what a person waits for in a notebook that runs already.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import tomli_w

from benchmarks.figure import Figure, Unavailable, medians, seconds, seconds_of_command, tell
from tests.services.rucio_xrootd import RucioXRootD
from tests.services.service import ServiceFailed, install_packages

RSE = "XRD1"
SCOPE = "test"
ROUNDS = 3

# Imported outside what `in_kernel` counts: the first verb's libraries.
_OURS = """
import sys, time
import esap_jupyter as esap
esap.stage
began = time.perf_counter()
files = esap.stage(esap.datalake.item(sys.argv[1], service="lake"))
print(time.perf_counter() - began)
assert all(file.verified for file in files)
"""


def small() -> Figure:
    """1000 files of 10 kB."""
    return _staging("staging-small", count=1000, size=10_000)


def large() -> Figure:
    """One file of 1 GB."""
    return _staging("staging-large", count=1, size=1_000_000_000)


def _staging(name: str, *, count: int, size: int) -> Figure:
    with _rucio() as rucio, tempfile.TemporaryDirectory() as directory:
        dataset = rucio.add_files(count, size, scope=SCOPE, rse=RSE)
        contest = _Contest(rucio, dataset, count, size, Path(directory))
        in_kernel: list[float] = []
        try:
            taken = medians(
                ROUNDS,
                ours=lambda: contest.run(lambda target: in_kernel.append(contest.ours(target))),
                peer=lambda: contest.run(contest.peer),
                floor=lambda: contest.run(contest.floor),
            )
        finally:
            contest.clear()
    more = {"in_kernel": sorted(in_kernel)[ROUNDS // 2], "files": count, "bytes": count * size}
    return Figure(name, "s", ours=taken["ours"], peer=taken["peer"], floor=taken["floor"], more=more)


@dataclass(frozen=True)
class _Contest:
    rucio: RucioXRootD
    dataset: str
    count: int
    size: int
    directory: Path

    def run(self, contender: Callable[[Path], object]) -> float:
        """Let one contender bring the files into an empty directory; returns the seconds it took."""
        target = self.directory / "target"
        target.mkdir()
        try:
            taken = seconds(lambda: contender(target))
            arrived = [
                path for path in target.rglob("*") if path.is_file() and path.stat().st_size == self.size
            ]
            assert len(arrived) == self.count, f"{len(arrived)} of {self.count} files arrived"
        finally:
            shutil.rmtree(target)
        return taken

    def ours(self, target: Path) -> float:
        """The face for notebooks, in a process of its own; returns the seconds that its verbs took."""
        state = self.directory / "state"
        config = {
            "services": self.rucio.services,
            "storage": {"state_directory": str(state), "cache_directory": str(state / "cache")},
        }
        config_file = self.directory / "esap.toml"
        config_file.write_text(tomli_w.dumps(config))
        environment = {**os.environ, "ESAP_CONFIG": str(config_file), "ESAP_WORKSPACE": str(target)}
        command = [sys.executable, "-c", _OURS, self.dataset]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            tell(done.stderr[-2000:])
            done.check_returncode()
        return float(done.stdout)

    def peer(self, target: Path) -> None:
        """The data lake's own command."""
        environment = self.rucio.client_environment(self.directory / "rucio-home")
        seconds_of_command("rucio", "download", "--dir", str(target), self.dataset, environment=environment)

    def floor(self, target: Path) -> None:
        """Curl, told the addresses, and the adler32 of what it wrote."""
        options = self.directory / "curl.cfg"
        options.write_text(
            "".join(
                f'url = "{self._url(number)}"\noutput = "{target}/{number}"\n' for number in range(self.count)
            )
        )
        seconds_of_command(
            "curl", "--silent", "--fail", "--cacert", str(self.rucio.ca_file), "--config", str(options)
        )
        for path in target.iterdir():
            _adler32(path)

    def clear(self) -> None:
        """Take the bytes off the storage."""
        for number in range(self.count):
            self._stored(number).unlink()

    def _stored(self, number: int) -> Path:
        return self.rucio.storage_path(RSE, SCOPE, f"{self.dataset.partition(':')[2]}.{number:05d}")

    def _url(self, number: int) -> str:
        inside = self._stored(number).relative_to(self.rucio.directory / RSE / "data")
        return f"https://127.0.0.1:{self.rucio.ports[RSE]}/{inside.as_posix()}"


def _adler32(path: Path) -> int:
    value = 1
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(1 << 20):
            value = zlib.adler32(chunk, value)
    return value


@contextlib.contextmanager
def _rucio() -> Iterator[RucioXRootD]:
    """A running Rucio; stopped afterwards if it did not run before."""
    rucio = RucioXRootD()
    missing = rucio.missing_packages
    if missing and os.environ.get("CI") != "true":
        raise Unavailable(f"packages are missing ({' '.join(missing)}); `make services` installs them")
    try:
        install_packages(missing, tell)
        rucio.install(tell)
        ran_before = rucio.is_running
        rucio.start(tell)
    except ServiceFailed as failed:
        raise Unavailable(str(failed)) from failed
    try:
        yield rucio
    finally:
        if not ran_before:
            rucio.stop(tell)


BENCHMARKS = {"staging-small": small, "staging-large": large}
