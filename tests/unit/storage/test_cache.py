"""What services said, kept for a while."""

import pytest

from esap_jupyter.storage.cache import DiskCache


class Clock:
    now = 1_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def cache(tmp_path, clock):
    return DiskCache(tmp_path / "cache", clock=clock)


def test_is_there_until_it_is_too_old(cache, clock):
    cache.put("capabilities", b"<xml/>", seconds=60)
    assert cache.get("capabilities") == b"<xml/>"
    clock.now += 60
    assert cache.get("capabilities") is None


def test_unknown_key(cache):
    assert cache.get("capabilities") is None


def test_last_put_counts_and_may_be_empty(cache):
    cache.put("key", b"one", seconds=60)
    cache.put("key", b"", seconds=60)
    assert cache.get("key") == b""


def test_services_do_not_see_each_others_keys(cache):
    cache.within("gaia").put("capabilities", b"gaia", seconds=60)
    cache.within("eso").put("capabilities", b"eso", seconds=60)
    assert cache.within("gaia").get("capabilities") == b"gaia"
    assert cache.get("capabilities") is None


def test_any_key_will_do(cache, tmp_path):
    cache.put("../../etc/passwd\x00", b"x", seconds=60)
    assert cache.get("../../etc/passwd\x00") == b"x"
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]


def test_what_is_damaged_is_not_there(cache, tmp_path):
    cache.put("key", b"value", seconds=60)
    [file] = (tmp_path / "cache").iterdir()
    file.write_bytes(b"x")
    assert cache.get("key") is None


def test_cache_that_cannot_be_written_keeps_nothing(tmp_path):
    (tmp_path / "file").write_text("")
    cache = DiskCache(tmp_path / "file" / "cache")
    cache.put("key", b"value", seconds=60)
    assert cache.get("key") is None


def test_sweep_removes_what_is_too_old(cache, clock, tmp_path):
    cache.put("old", b"x", seconds=60)
    clock.now += 61
    cache.put("new", b"y", seconds=60)
    cache.sweep()
    assert cache.get("new") == b"y"
    assert len(list((tmp_path / "cache").iterdir())) == 1
