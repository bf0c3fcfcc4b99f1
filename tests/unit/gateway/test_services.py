"""Connectors from entry points, their settings, and whether services answer."""

import pytest

from esap_jupyter.config import load_config
from esap_jupyter.errors import ConfigError, NotFound, NotOffered, ServiceUnreachable, UnknownName
from esap_jupyter.gateway import Gateway
from esap_jupyter.models import Capability
from tests.services import partner


class TestConnector:
    async def test_is_that_of_the_entry_point_and_made_once(self, make_gateway):
        gateway = await make_gateway({"archive": {}})
        connector = gateway.connector("archive")
        assert isinstance(connector, partner.PartnerConnector)
        assert gateway.connector("archive") is connector
        assert connector.settings.url == "https://archive.test"
        assert connector.context.service == "archive"

    async def test_unknown_service(self, make_gateway):
        with pytest.raises(UnknownName, match="no service named 'moon'") as raised:
            (await make_gateway({"archive": {}})).connector("moon")
        assert "archive" in raised.value.hint

    async def test_disabled_service(self, make_gateway):
        gateway = await make_gateway({"archive": {"enabled": False}})
        assert await gateway.services() == []
        with pytest.raises(UnknownName):
            gateway.connector("archive")

    @pytest.mark.parametrize(
        ("connector", "message"),
        [
            ("from-nowhere", "there is no connector 'from-nowhere'; installed are .*partner"),
            ("missing", r"'missing' cannot be used \(ModuleNotFoundError"),
            ("no_class", "no subclass of Connector"),
        ],
    )
    async def test_connector_that_cannot_be_used(self, make_gateway, connector, message):
        gateway = await make_gateway({"broken": {"connector": connector}, "archive": {}})
        with pytest.raises(ConfigError, match=message):
            gateway.connector("broken")
        assert gateway.connector("archive")

    async def test_two_packages_with_a_connector_of_one_name(self, make_gateway, tmp_path, monkeypatch):
        second = partner.install(tmp_path / "other", partner="tests.services.partner:PartnerConnector")
        monkeypatch.syspath_prepend(second)
        # The same package again, from further down the path, is not a second one.
        (second / "esap_partner-1.0.dist-info" / "METADATA").write_text(
            "Metadata-Version: 2.1\nName: esap-rival\nVersion: 1.0\n"
        )
        (second / "esap_partner-1.0.dist-info").rename(second / "esap_rival-1.0.dist-info")
        gateway = await make_gateway({"archive": {}})
        with pytest.raises(ConfigError, match="esap-partner and esap-rival both bring"):
            gateway.connector("archive")

    async def test_settings_that_do_not_fit_name_file_and_line(self, partner_package, tmp_path):
        file = tmp_path / "esap.toml"
        file.write_text(
            '[services.archive]\nconnector = "partner"\nurl = "https://x.test"\nsurprise = 1\nseconds = 1\n'
        )
        gateway = Gateway(load_config([file]), workspace=tmp_path)
        with pytest.raises(ConfigError, match=rf"{file}, line 4: services\.archive\.surprise: "):
            gateway.connector("archive")


class TestAccess:
    async def test_only_named_origins_may_be_private(self, make_gateway):
        gateway = await make_gateway(
            {"archive": {"url": "http://127.0.0.1:8080/tap", "origins": ["https://store.test:1094"]}},
            network={"allow": ["http://proxy.test"]},
        )
        access = gateway.connector("archive").context.access
        own = {"http://127.0.0.1:8080", "https://store.test:1094"}
        assert access.named_origins == own, "these are the origins that tokens go to"
        assert access.private_origins == own | {"http://proxy.test:80"}

    async def test_user_agent_names_software_purpose_and_contact(self, make_gateway):
        gateway = await make_gateway({"archive": {}}, network={"contact": "astronomer@site.test"})
        user_agent = gateway.connector("archive").context.access.user_agent
        name, _, comment = user_agent.partition(" ")
        assert name.startswith("esap-jupyter/")
        assert comment == "(IVOA-science astronomer@site.test)"

    @pytest.mark.parametrize(
        ("network", "key"), [({"contact": "a\r\nX-Evil: 1"}, "contact"), ({"allow": ["localhost"]}, "allow")]
    )
    async def test_network_settings_that_do_not_fit(self, make_gateway, network, key):
        gateway = await make_gateway({"archive": {}}, network=network)
        with pytest.raises(ConfigError, match=rf"network\.{key}"):
            gateway.connector("archive")

    async def test_services_do_not_share_what_they_cache(self, make_gateway):
        gateway = await make_gateway({"one": {}, "two": {}})
        gateway.connector("one").context.cache.put("tables", b"one", seconds=60)
        assert gateway.connector("one").context.cache.get("tables") == b"one"
        assert gateway.connector("two").context.cache.get("tables") is None

    async def test_what_was_cached_under_other_settings_is_not_believed(self, make_gateway):
        before = await make_gateway({"one": {"url": "https://old.test"}})
        before.connector("one").context.cache.put("tables", b"old", seconds=60)
        after = await make_gateway({"one": {"url": "https://new.test"}})
        assert after.connector("one").context.cache.get("tables") is None


class TestStatus:
    async def test_without_asking(self, make_gateway):
        gateway = await make_gateway({"archive": {"title": "An archive", "fault": "unreachable"}})
        [status] = await gateway.services()
        assert (status.name, status.title, status.connector) == ("archive", "An archive", "partner")
        assert status.address == "https://archive.test"
        assert Capability.SOURCES in status.capabilities
        assert status.answers is None

    async def test_each_answers_for_itself(self, make_gateway):
        gateway = await make_gateway(
            {
                "good": {},
                "down": {"fault": "unreachable"},
                "hangs": {"fault": "hang", "deadline": 0.1},
                "buggy": {"fault": "bug"},
                "broken": {"connector": "missing"},
            }
        )
        rows = {status.name: status for status in await gateway.services(check=True)}
        assert list(rows) == ["good", "down", "hangs", "buggy", "broken"]
        assert {name: row.answers for name, row in rows.items()} == {
            "good": True,
            "down": False,
            "hangs": False,
            "buggy": False,
            "broken": False,
        }
        assert rows["good"].detail == "version 1"
        assert (rows["down"].detail, rows["down"].hint) == ("Nobody answers.", "Look at the cable.")
        assert "deadline" in rows["hangs"].detail
        assert "ZeroDivisionError" in rows["buggy"].detail
        assert "secret" not in rows["buggy"].detail
        assert "ModuleNotFoundError" in rows["broken"].detail


class TestVerbsOfOneService:
    async def test_tables_and_examples(self, make_gateway):
        gateway = await make_gateway({"archive": {}})
        assert [table.name for table in await gateway.tables_of("archive")] == ["partner.numbers"]
        assert (await gateway.table_of("archive", "partner.numbers")).columns == ()
        assert await gateway.examples("archive") == [("All", "SELECT * FROM partner.numbers")]
        with pytest.raises(NotFound):
            await gateway.table_of("archive", "foo")

    async def test_what_a_service_does_not_offer(self, make_gateway):
        gateway = await make_gateway({"lake": {"offers": ["files"]}})
        with pytest.raises(NotOffered, match="does not offer adql") as raised:
            await gateway.tables_of("lake")
        assert raised.value.service == "lake"
        assert raised.value.hint == "It offers files."

    async def test_capability_without_the_methods_is_not_offered(self, make_gateway):
        gateway = await make_gateway({"liar": {"offers": ["datalink"]}})
        with pytest.raises(NotOffered):
            await gateway.links("liar", "https://liar.test/links")


class TestRegistry:
    async def test_first_registry_that_answers(self, make_gateway):
        gateway = await make_gateway(
            {
                "down": {"offers": ["registry"], "fault": "unreachable"},
                "mirror": {"offers": ["registry"]},
            }
        )
        [found] = await gateway.find_services(["quasar"])
        assert found.title == "quasar"

    async def test_no_registry_answers(self, make_gateway):
        gateway = await make_gateway({"down": {"offers": ["registry"], "fault": "unreachable"}})
        with pytest.raises(ServiceUnreachable) as raised:
            await gateway.find_services(["quasar"])
        assert raised.value.service == "down"

    async def test_no_registry_is_configured(self, make_gateway):
        with pytest.raises(NotOffered, match="No registry"):
            await (await make_gateway()).find_services(["quasar"])
