"""The command `esap`: the same verbs as in a notebook, for terminals and scripts."""

from __future__ import annotations

import sys

import click

from esap_jupyter.cli import baskets, datalake, demo, find, jobs, probe, serve, sign_in
from esap_jupyter.cli.output import fail, options
from esap_jupyter.errors import EsapError
from esap_jupyter.face import background

_SECTIONS = (find, baskets, jobs, datalake, sign_in, demo, serve, probe)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="esap-jupyter")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
def esap(as_json: bool) -> None:
    """Find, stage and analyse data of astronomy and particle physics."""
    options.as_json = as_json or options.as_json


for section in _SECTIONS:
    for command in section.COMMANDS:
        esap.add_command(command)


def main() -> None:
    """Run the command; failures are told in words, and the exit code is 1 (130 after Ctrl-C)."""
    # `--json` is accepted anywhere, as scripts write it.
    arguments = [argument for argument in sys.argv[1:] if argument != "--json"]
    options.as_json = len(arguments) < len(sys.argv) - 1
    try:
        esap(arguments, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except EsapError as error:
        fail(error)
        sys.exit(1)
    except (KeyboardInterrupt, click.Abort) as stopped:
        click.echo(str(stopped.__cause__ or stopped) or "Stopped.", err=True)
        sys.exit(130)
    finally:
        background.close()
