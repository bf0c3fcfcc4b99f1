"""`esap probe`: synthetic users at a hub, to watch it and to load it."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from esap_jupyter.cli.output import options, show, tell
from esap_jupyter.errors import ConfigError

if TYPE_CHECKING:
    from esap_jupyter.hub.site import Site
    from esap_jupyter.probe import Failure, Plan, ProbeReport, Step

_file = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("hub", default="")
@click.option("--users", type=click.IntRange(min=1), default=1, show_default=True, help="How many at once.")
@click.option("--profile", help="Which profile they choose.")
@click.option("--search", metavar="SERVICE=WHAT", help="What they search for: a target, or ADQL.")
@click.option(
    "--stage", "staging", metavar="SERVICE=WHAT", help="What they stage: a DID, or the URL of a file."
)
@click.option(
    "--timeout",
    "seconds",
    # With all its steps a run is shorter than the hour after which its users count as left over.
    type=click.FloatRange(min=1, max=400),
    default=120.0,
    show_default=True,
    help="Seconds that a step may take.",
)
@click.option(
    "--site",
    type=_file,
    envvar="ESAP_SITE",
    help="The hub's site.toml, whose [probe] says what is not given here (default: $ESAP_SITE).",
)
@click.option("--token-file", type=_file, help="The probe's API token of the hub; mode 0600.")
@click.option("--ca-file", type=_file, help="Certificate authorities to trust beside the system's.")
@click.option("--metrics", type=_file, help="Write them there too, for Prometheus' node exporter.")
def probe(
    hub: str,
    site: Path | None,
    token_file: Path | None,
    ca_file: Path | None,
    metrics: Path | None,
    **given: Any,
) -> None:
    """Have synthetic users sign in, start a server, search, stage and stop, at the HUB given by its address.

    Every step is timed. The exit code is 1 if one failed for anybody.
    """
    from esap_jupyter.connectors.secret_files import read_secret
    from esap_jupyter.probe.report import write_metrics

    report = None
    try:
        plan, token_file = _plan(hub, site, token_file, ca_file, **given)
        report = _run(plan, read_secret(token_file, "token"))
        show(report)
    finally:
        # One that could not even begin is what a monitor must notice first.
        if metrics is not None:
            write_metrics(metrics, report, datetime.now(UTC))
    if not report.ok:
        sys.exit(1)


COMMANDS: tuple[click.Command, ...] = (probe,)


def _plan(
    hub: str, site_file: Path | None, token_file: Path | None, ca_file: Path | None, **given: Any
) -> tuple[Plan, Path]:
    """Say what is to be done, and where the token is: what is given wins over `site.toml`."""
    from esap_jupyter.probe import Plan, Wanted

    known: dict[str, Any] = {}
    ca_files = [ca_file] if ca_file else []
    if site_file is not None:
        site = _site(site_file)
        settings = site.probe
        if settings is None:
            raise site.error(("probe",), "is missing")
        token_file = token_file or site.path(settings.token_file)
        hub = hub or site.site.url
        known = {
            "profile": settings.profile,
            "search": settings.search,
            "staging": settings.stage,
            "issuer": site.sign_in.issuer,
        }
        ca_files += [site.path(file) for file in (settings.ca_file, site.sign_in.ca_file) if file]
    if not hub or token_file is None:
        raise click.UsageError("Give the hub's address and --token-file, or --site.")
    known |= {key: value for key, value in given.items() if value is not None}
    for key in ("search", "staging"):
        known[key] = Wanted.of(known[key]) if known.get(key) else None
    return Plan(hub=hub, ca_files=tuple(ca_files), **known), token_file


def _site(file: Path) -> Site:
    try:
        from esap_jupyter.hub.site import load_site
    except ImportError:
        raise ConfigError(
            "site.toml is read where the hub is installed.",
            hint="Run this there, or give the hub's address and --token-file instead.",
        ) from None
    return load_site(file)


def _run(plan: Plan, token: str) -> ProbeReport:
    """Run, and show how far it is; at Ctrl-C, and when it is told to end, it tidies up first."""
    from esap_jupyter.probe import Probe

    async def run(probe: Probe) -> ProbeReport:
        running = asyncio.current_task()
        assert running is not None

        def stop() -> None:
            tell("Stopping: servers and users are being removed.")
            running.cancel()

        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop)
        return await probe.run()

    with _progress(plan) as on_step:
        probe = Probe(plan, token, on_step)
        try:
            return asyncio.run(run(probe))
        except asyncio.CancelledError:
            for failure in probe.failures:
                tell(f"{failure.user}: {failure.step} failed: {failure.message}")
            raise KeyboardInterrupt from None


@contextmanager
def _progress(plan: Plan) -> Iterator[Callable[[Step, Failure | None], None] | None]:
    """Show on a terminal how many users are through with each step; yields what is to be told of them."""
    if options.as_json or not sys.stderr.isatty():
        yield None
        return
    from rich import progress as rich_progress
    from rich.console import Console

    columns = (
        rich_progress.TextColumn("{task.description:10}"),
        rich_progress.BarColumn(),
        rich_progress.MofNCompleteColumn(),
        rich_progress.TextColumn("{task.fields[failed]}", style="red"),
    )
    with rich_progress.Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[Step, rich_progress.TaskID] = {}
        failed: Counter[Step] = Counter()

        def on_step(step: Step, failure: Failure | None) -> None:
            total = plan.users if step != "provider" else 1
            task = tasks.get(step)
            if task is None:
                task = tasks[step] = bars.add_task(step, total=total, failed="")
            failed[step] += failure is not None
            bars.update(task, advance=1, failed=f"{failed[step]} failed" if failed[step] else "")

        yield on_step
