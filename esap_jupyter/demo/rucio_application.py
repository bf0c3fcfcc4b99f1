"""Rucio's REST interface for `rucio_serve`. Runs in the environment of Rucio's server.

Rucio caches what it knows of RSEs in memcached, or not at all; then listing the replicas of 1000 files takes
18 s. The demo has no memcached and one process only, so memory does.
"""

from typing import Any

from rucio.common.cache import MemcacheRegion


def _cache_in_memory(region: Any, expiration_time: int, _memcached_expire_time: int | None) -> None:
    region.configure("dogpile.cache.memory_pickle", expiration_time=expiration_time)


MemcacheRegion._configure_region = _cache_in_memory  # noqa: SLF001

from rucio.web.rest.flaskapi.v1.main import application  # noqa: E402

__all__ = ["application"]
