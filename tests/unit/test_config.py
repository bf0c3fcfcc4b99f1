"""The configuration: merging, what errors say, origins."""

from pathlib import Path

import platformdirs
import pytest

from esap_jupyter.config import (
    SHIPPED,
    Config,
    ServiceSettings,
    config_files,
    load_config,
    origin_of,
)
from esap_jupyter.errors import ConfigError, UnknownName


@pytest.fixture
def write(tmp_path):
    """Write configuration files; returns their paths, in order."""

    def write(*texts):
        files = []
        for number, text in enumerate(texts):
            file = tmp_path / f"{number}.toml"
            file.write_text(text)
            files.append(file)
        return files

    return write


class TestMerging:
    def test_shipped_file_is_valid(self):
        config = load_config([SHIPPED])
        assert config.service("gaia").connector == "vo"
        assert all(service.title for service in config.services.values())

    def test_later_files_change_single_lines(self, write):
        site = '[services.a]\nconnector = "vo"\ntap = "https://a.test/tap"\ntitle = "Site"\n'
        person = '[services.a]\ntitle = "Mine"\n[services.b]\nconnector = "rucio"\n'
        config = load_config(write(site, person))
        assert config.service("a").title == "Mine"
        assert config.service("a").own_settings() == {"tap": "https://a.test/tap"}
        assert list(config.services) == ["a", "b"]

    @pytest.mark.parametrize("key", ["tap", "origins"])
    def test_a_password_in_a_url_is_refused_and_not_repeated(self, write, key):
        url = "https://me:s3cret@a.test/tap"
        value = f'["{url}"]' if key == "origins" else f'"{url}"'
        with pytest.raises(ConfigError, match=r"line 1.*password do not belong") as raised:
            load_config(write(f'[services.a]\nconnector = "vo"\n{key} = {value}\n'))
        assert "s3cret" not in str(raised.value)

    def test_lists_are_replaced(self, write):
        config = load_config(write('[network]\nallow = ["http://a.test"]', "[network]\nallow = []"))
        assert config.network.allow == ()

    def test_a_service_can_be_taken_away(self, write):
        on, off = '[services.a]\nconnector = "vo"\n', "[services.a]\nenabled = false\n"
        config = load_config(write(on, off))
        with pytest.raises(UnknownName):
            config.service("a")

    def test_no_file_is_a_configuration_too(self):
        assert load_config([]) == Config()

    def test_files_are_read_in_order(self, tmp_path, monkeypatch):
        site, person, named = tmp_path / "site", tmp_path / "person", tmp_path / "named.toml"
        for directory in (site, person):
            directory.mkdir()
            (directory / "esap.toml").write_text("")
        named.write_text("")
        monkeypatch.setattr(platformdirs, "site_config_path", lambda _: site)
        monkeypatch.setattr(platformdirs, "user_config_path", lambda _: person)
        monkeypatch.setenv("ESAP_CONFIG", str(named))
        files = config_files()
        assert files[0] == SHIPPED
        assert files[-3:] == [site / "esap.toml", person / "esap.toml", named]

    def test_named_file_must_exist(self, monkeypatch, tmp_path):
        monkeypatch.setenv("ESAP_CONFIG", str(tmp_path / "nothing.toml"))
        with pytest.raises(ConfigError, match=r"nothing\.toml, which is not a file"):
            config_files()


class TestErrors:
    def error(self, files):
        with pytest.raises(ConfigError) as raised:
            load_config(files)
        return raised.value.message

    def test_no_toml(self, write):
        files = write("[network]\ncontact = \n")
        assert f"{files[0]} is not valid TOML" in self.error(files)
        assert "line 2" in self.error(files)

    def test_value_that_does_not_fit(self, write):
        files = write("# comment\n[staging]\nkeep_free = 1\nfiles_at_once = 1000\n")
        assert self.error(files).startswith(f"{files[0]}, line 4: staging.files_at_once: ")

    def test_dotted_keys(self, write):
        files = write("# comment\nsearch.row_limit = 0\n")
        assert self.error(files).startswith(f"{files[0]}, line 2: search.row_limit: ")

    def test_unknown_key(self, write):
        files = write("[network]\ncontakt = 'x'\n")
        assert self.error(files).startswith(f"{files[0]}, line 2: network.contakt: ")

    def test_the_file_that_set_the_value_is_named(self, write):
        good = '[services.a]\nconnector = "vo"\ndeadline = 10\n'
        files = write(good, "[services.a]\ndeadline = -1\n", "[services.a]\ntitle = 'x'\n")
        assert self.error(files).startswith(f"{files[1]}, line 2: services.a.deadline: ")

    def test_what_is_missing_is_missed_where_the_table_begins(self, write):
        files = write("\n[services.a]\ntap = 'https://a.test'\n")
        assert self.error(files).startswith(f"{files[0]}, line 2: services.a.connector: ")

    def test_origin_that_is_none(self, write):
        files = write('[services.a]\nconnector = "vo"\norigins = ["a.test:443"]\n')
        assert f"{files[0]}, line" in self.error(files)
        assert "'a.test:443' is not an absolute URL" in self.error(files)

    def test_error_of_a_connectors_own_setting(self, write):
        files = write('[services.a]\nconnector = "vo"\ntap = 3\n')
        error = load_config(files).error(("services", "a", "tap"), "must be a URL")
        assert error.message == f"{files[0]}, line 3: services.a.tap: must be a URL."

    def test_error_of_a_value_that_no_file_sets(self):
        assert Config().error(("network", "contact"), "is odd").message == "network.contact: is odd."


class TestOrigins:
    @pytest.mark.parametrize(
        ("url", "origin"),
        [
            ("https://A.Test/tap?x=1", "https://a.test:443"),
            ("http://a.test:8080/", "http://a.test:8080"),
            ("HTTP://a.test", "http://a.test:80"),
            ("https://user:secret@a.test/x", "https://a.test:443"),
            ("http://[::1]:9000/x", "http://[::1]:9000"),
            ("root://store.test//data", "root://store.test:1094"),
            ("davs://store.test:1094/data", "davs://store.test:1094"),
        ],
    )
    def test_of_a_url(self, url, origin):
        assert origin_of(url) == origin

    @pytest.mark.parametrize(
        "text", ["a.test", "/path", "https://", "", r"https://b.test\@a.test", "https://a.te\tst"]
    )
    def test_of_no_url(self, text):
        with pytest.raises(ValueError, match="not an absolute URL"):
            origin_of(text)

    def test_of_a_service_are_those_of_all_its_urls(self):
        service = ServiceSettings.model_validate(
            {
                "connector": "vo",
                "origins": ["https://store.test"],
                "tap": "https://a.test/tap",
                "mirrors": ["http://b.test:81/x", "no url"],
                "nested": {"deep": [{"url": "https://c.test"}]},
            }
        )
        assert service.named_origins() == {
            "https://store.test:443",
            "https://a.test:443",
            "http://b.test:81",
            "https://c.test:443",
        }


class TestStorage:
    def test_workspace_is_the_first_that_is_named(self, monkeypatch, tmp_path):
        monkeypatch.delenv("ESAP_WORKSPACE", raising=False)
        monkeypatch.delenv("JUPYTER_SERVER_ROOT", raising=False)
        monkeypatch.chdir(tmp_path)
        assert Config().storage.workspace_path() == tmp_path
        monkeypatch.setenv("JUPYTER_SERVER_ROOT", str(tmp_path / "jupyter"))
        assert Config().storage.workspace_path() == tmp_path / "jupyter"
        monkeypatch.setenv("ESAP_WORKSPACE", str(tmp_path / "esap"))
        assert Config().storage.workspace_path() == tmp_path / "esap"
        set_by_file = Config.model_validate({"storage": {"workspace": tmp_path / "set"}})
        assert set_by_file.storage.workspace_path() == tmp_path / "set"

    def test_places_of_the_platform_are_the_default(self):
        assert Config().storage.state_path() == Path(platformdirs.user_data_path("esap"))
        assert Config().storage.cache_path() == Path(platformdirs.user_cache_path("esap"))
