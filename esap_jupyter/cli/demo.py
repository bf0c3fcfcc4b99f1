"""`esap demo`: real services on loopback, to try everything without an account."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from esap_jupyter.cli.output import options, tell
from esap_jupyter.errors import ServiceUnreachable

if TYPE_CHECKING:
    from esap_jupyter.demo import Demo

_LAB_SECONDS = 90.0


@click.command()
@click.option("--only", type=click.Choice(["archive", "rucio"]), help="Start one of the two services only.")
@click.option("--lab", is_flag=True, help="Start JupyterLab too, with the first notebook open.")
@click.option(
    "--notebooks",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Tutorials to copy into the demo's workspace.",
)
@click.option("--check", is_flag=True, help="Do the main job without a browser, print each step, and stop.")
@click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the demo keeps everything (default: the cache directory).",
)
def demo(only: str | None, lab: bool, notebooks: Path | None, check: bool, directory: Path | None) -> None:
    """Run an archive and a Rucio on this machine, with nothing else needed."""
    import platformdirs

    place = directory or platformdirs.user_cache_path("esap") / "demo"
    asyncio.run(_run(place.resolve(), only, lab=lab, notebooks=notebooks, check=check))


COMMANDS: tuple[click.Command, ...] = (demo,)


async def _run(directory: Path, only: str | None, *, lab: bool, notebooks: Path | None, check: bool) -> None:
    from esap_jupyter.demo import PARTS, running_demo

    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    starting = asyncio.current_task()
    assert starting is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, starting.cancel)
    try:
        async with running_demo(directory, parts=(only,) if only else PARTS, tell=tell) as running:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, stopped.set)
            if check:
                await _check(running)
            else:
                await _serve(running, stopped, lab=lab, notebooks=notebooks)
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


async def _serve(running: Demo, stopped: asyncio.Event, *, lab: bool, notebooks: Path | None) -> None:
    async with contextlib.AsyncExitStack() as stack:
        address = ""
        if lab:
            tell("Starting JupyterLab")
            first = await asyncio.to_thread(_copy_notebooks, notebooks, running.workspace)
            address = await stack.enter_async_context(_jupyterlab(running, first))
        _print_addresses(running, address)
        await stopped.wait()
        tell("Stopping")


def _print_addresses(running: Demo, lab: str) -> None:
    if options.as_json:
        content = {**running.addresses, "config": str(running.config_file), **({"lab": lab} if lab else {})}
        click.echo(json.dumps(content))
    elif lab:
        tell("\nESAP runs. Open this in a browser; Ctrl-C here ends it.\n")
        click.echo(lab)
    else:
        for name, url in running.addresses.items():
            click.echo(f"{name}: {url}")
        click.echo(f"\nIn another terminal:  export ESAP_CONFIG={running.config_file}")
        click.echo("Ctrl-C here ends the demo.")
    sys.stdout.flush()


def _copy_notebooks(notebooks: Path | None, workspace: Path) -> str:
    """Copy the tutorials that are not there yet, so that a person's changes stay; returns the first one."""
    for notebook in sorted(notebooks.glob("*.ipynb")) if notebooks else ():
        target = workspace / notebook.name
        if not target.exists():
            shutil.copyfile(notebook, target)
    return next((notebook.name for notebook in sorted(workspace.glob("*.ipynb"))), "")


@contextlib.asynccontextmanager
async def _jupyterlab(running: Demo, notebook: str) -> AsyncIterator[str]:
    """Run JupyterLab on the demo's workspace; yields the address to open."""
    runtime = running.directory / "jupyter"
    settings = await asyncio.to_thread(_write_lab_settings, runtime / "settings")
    environment = {
        **os.environ,
        "ESAP_CONFIG": str(running.config_file),
        "JUPYTER_RUNTIME_DIR": str(runtime),
        "JUPYTERLAB_WORKSPACES_DIR": str(runtime / "workspaces"),
    }
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--ServerApp.ip=127.0.0.1"),
        f"--ServerApp.root_dir={running.workspace}",
        f"--LabApp.default_url=/lab/tree/{notebook}" if notebook else "--LabApp.default_url=/lab",
        f"--LabApp.app_settings_dir={settings}",
        *(["--allow-root"] if os.geteuid() == 0 else []),
    ]
    log = running.directory / "jupyterlab.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *command, env=environment, stdout=output, stderr=asyncio.subprocess.STDOUT
        )
    try:
        yield await _lab_address(process, runtime / f"jpserver-{process.pid}.json", notebook, log)
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


def _write_lab_settings(directory: Path) -> Path:
    """Keep JupyterLab from asking about news, which a closed network does not have."""
    directory.mkdir(parents=True, exist_ok=True)
    quiet = {"fetchNews": "false", "checkForUpdates": False}
    content = json.dumps({"@jupyterlab/apputils-extension:notification": quiet})
    (directory / "overrides.json").write_text(content, encoding="utf-8")
    return directory


async def _lab_address(process: asyncio.subprocess.Process, info: Path, notebook: str, log: Path) -> str:
    try:
        async with asyncio.timeout(_LAB_SECONDS):
            while not await asyncio.to_thread(info.exists):
                if process.returncode is not None:
                    break
                await asyncio.sleep(0.1)
            else:
                server = json.loads(await asyncio.to_thread(info.read_text))
                return f"{server['url']}lab/tree/{notebook}?token={server['token']}"
    except TimeoutError:
        pass
    raise ServiceUnreachable("JupyterLab did not start.", hint=f"Its log: {log}", service="jupyterlab")


async def _check(running: Demo) -> None:
    from esap_jupyter.cli.demo_check import check

    os.environ["ESAP_CONFIG"] = str(running.config_file)
    await asyncio.to_thread(check)
