"""When a server is to be stopped."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from esap_jupyter.hub.life import KEPT_UNTIL, LifeSettings, is_over

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
LIFE = LifeSettings(idle_minutes=30, hours=8, most_hours=20)


def over(
    hours: float, *, inactive: float = 0, kept: datetime | None = None, life: LifeSettings = LIFE
) -> bool:
    server = {"started": NOON.isoformat(), "state": {KEPT_UNTIL: kept.timestamp()} if kept else {}}
    now = NOON + timedelta(hours=hours)
    return is_over(life, server, inactive=timedelta(minutes=inactive), now=now)


def test_idle_servers_and_those_past_their_end() -> None:
    assert not over(1)
    assert over(1, inactive=30)
    assert over(8)
    assert not over(8, kept=NOON + timedelta(hours=15))
    assert over(15, kept=NOON + timedelta(hours=15))
    assert over(20, kept=NOON + timedelta(hours=100))  # the site's most has been made less


def test_what_is_0_is_no_limit() -> None:
    assert not over(1000, inactive=60_000, life=LifeSettings(idle_minutes=0, hours=0))
    assert LifeSettings(hours=0).ends_at(NOON) is None


def test_keeping_alive_ends_at_the_most() -> None:
    assert LIFE.kept_alive(NOON, NOON + timedelta(hours=2)) == (NOON + timedelta(hours=10)).timestamp()
    assert LIFE.kept_alive(NOON, NOON + timedelta(hours=19)) == (NOON + timedelta(hours=20)).timestamp()
    with pytest.raises(ValidationError, match="most_hours"):
        LifeSettings(hours=10, most_hours=5)
