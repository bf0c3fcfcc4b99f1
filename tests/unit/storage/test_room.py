"""How much room a home has left."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from esap_jupyter.storage.room import HomeRoom, used_below


def test_without_a_limit_the_file_system_says(tmp_path: Path) -> None:
    room = HomeRoom(tmp_path / "not" / "yet", tmp_path).measure()
    assert room.used is not None
    assert room.used + room.free == room.limit > 0


def test_a_limit_is_counted_beside_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = threading.Event()

    def count(*given: Any) -> int:
        assert asked.wait(30)
        return used_below(*given)

    monkeypatch.setattr("esap_jupyter.storage.room.used_below", count)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file").write_bytes(b"x" * 500_000)
    (tmp_path / "elsewhere").symlink_to("/usr")
    home = HomeRoom(tmp_path, tmp_path, 1_000_000)
    assert home.measure().used is None
    asked.set()
    end = time.monotonic() + 30
    while (used := home.measure().used) is None:
        assert time.monotonic() < end
        time.sleep(0.01)
    assert 500_000 <= used < 700_000
    assert home.measure().free == 1_000_000 - used
    (tmp_path / "more").write_bytes(b"x" * 400_000)
    assert home.measure().used == used  # not counted anew at each question
    home.close()


def test_counting_ends_when_it_is_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 100_000)
    stop = threading.Event()
    assert used_below(tmp_path, time.monotonic() - 1, stop) == 0
    stop.set()
    assert used_below(tmp_path, time.monotonic() + 60, stop) == 0
    assert used_below(tmp_path / "none", time.monotonic() + 60, threading.Event()) == 0
