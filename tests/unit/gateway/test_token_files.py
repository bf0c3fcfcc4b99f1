"""Files with tokens for other tools: only where they may be, whole, and never taken for somebody else's."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from esap_jupyter.config import load_config
from esap_jupyter.connectors.base import Token
from esap_jupyter.errors import ConfigError, SignInNeeded
from esap_jupyter.gateway.tokens.discovery import WLCGTokenSource
from esap_jupyter.gateway.tokens.files import TokenFiles, token_files_of


class Tokens:
    """Gives a token for one audience, and none for others."""

    async def token(self, audience: str = "") -> Token | None:
        if audience == "forbidden":
            raise SignInNeeded("No tokens for this audience.")
        return Token(SecretStr("a.b.c"), datetime.now(UTC) + timedelta(hours=1))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def files_of(directory: Path, named: str) -> dict[Path, str]:
    file = directory / "esap.toml"
    file.write_text(f'[sign_in]\n[sign_in.token_files]\n"{named}" = "rucio"\n')
    return token_files_of(load_config([file]))


def test_a_file_in_the_home_may_be_named_in_the_ways_of_a_shell(home: Path, tmp_path: Path) -> None:
    assert files_of(tmp_path, "~/.rucio/token") == {home / ".rucio/token": "rucio"}
    assert files_of(tmp_path, "$HOME/token") == {home / "token": "rucio"}
    assert files_of(tmp_path, "$XDG_RUNTIME_DIR/token") == {}


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("named", ["/etc/token", "token", "~/../token", "~/elsewhere/token"])
def test_a_file_elsewhere_is_refused_with_its_line(tmp_path: Path, home: Path, named: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    (home / "elsewhere").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigError, match=r"esap.toml, line [23]: .*is not in your home"):
        files_of(tmp_path, named)


async def test_what_is_written_is_the_owners_alone_and_the_rest_is_told(home: Path) -> None:
    (home / "old").write_text("of somebody else")
    (home / "token").symlink_to(home / "old")
    written = await TokenFiles({home / "token": "", home / "other": "forbidden"}, Tokens()).write()
    assert [file.problem for file in written] == ["", "No tokens for this audience."]
    assert (home / "token").read_text() == "a.b.c"
    assert stat.S_IMODE((home / "token").lstat().st_mode) == 0o600
    assert (home / "old").read_text() == "of somebody else"
    assert not (home / "other").exists()


async def test_a_file_of_our_own_is_no_token_of_somebody_else(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {home / "token": ""}
    await TokenFiles(files, Tokens()).write()
    monkeypatch.setenv("BEARER_TOKEN_FILE", str(home / "token"))
    assert await WLCGTokenSource().token()
    assert await WLCGTokenSource(own_files=files).token() is None
