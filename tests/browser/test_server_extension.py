"""A JupyterLab whose administrator has switched the server extension off, and what cures it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from tests.browser.conftest import PYTHON, ROOT, Lab, open_side_bar


def test_a_disabled_server_extension_is_told_and_cured_as_told(
    browser: Any, lab: Lab, tmp_path: Path
) -> None:
    # The person's settings, and that they come before those of the environment, which the wheel has written.
    settings = {"JUPYTER_CONFIG_DIR": str(tmp_path / "config"), "JUPYTER_PREFER_ENV_PATH": "0"}

    def switch(*, on: bool) -> None:
        file = tmp_path / "config" / "jupyter_server_config.d" / "esap_jupyter.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"ServerApp": {"jpserver_extensions": {"esap_jupyter": on}}}))

    switch(on=False)
    without = Lab(tmp_path, lab.config, lab.workspace, settings)
    context = browser.new_context()
    window = context.new_page()
    try:
        without.start()
        window.goto(f"{without.url}/lab?token={without.token}&reset")
        open_side_bar(window)
        panel = window.locator(".esap-SideBar")
        panel.get_by_text("The ESAP server extension is missing or too old.").wait_for()
        panel.get_by_text("jupyter server extension enable esap_jupyter").wait_for()

        without.stop()
        switch(on=True)
        without.start()
        # JupyterLab covers the page with its own words on the lost connection.
        window.reload()
        open_side_bar(window)
        panel.get_by_text("ESAP demo archive").wait_for(timeout=60_000)
    finally:
        context.close()
        without.stop()


def test_the_servers_have_the_package_that_is_to_be_tested(lab: Lab) -> None:
    """In the suite that is what the wheel has installed, and not the clone."""
    code = "import esap_jupyter; print(esap_jupyter.__file__)"
    place = subprocess.run(
        [PYTHON, "-c", code], cwd=lab.directory, check=True, capture_output=True, text=True
    )
    is_wheel = "ESAP_BROWSER_PYTHON" in os.environ
    assert Path(place.stdout.strip()).is_relative_to(ROOT / "esap_jupyter") != is_wheel
