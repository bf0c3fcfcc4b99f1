"""`esap sign-in`, `esap sign-out`, `esap whoami`, `esap token-files`: one sign-in for all services."""

from __future__ import annotations

import click

from esap_jupyter.cli.output import show, tell
from esap_jupyter.models import DevicePrompt


@click.command("sign-in")
def sign_in() -> None:
    """Sign in at the community's identity provider."""
    from esap_jupyter.face import blocking as esap

    show(esap.sign_in(on_prompt=_tell_prompt))


@click.command("sign-out")
def sign_out() -> None:
    """Forget the sign-in on this machine, and end its grant."""
    from esap_jupyter.face import blocking as esap

    esap.sign_out()
    tell("You are signed out.")


@click.command()
def whoami() -> None:
    """Say who you are to the services, and how long the tokens live."""
    from esap_jupyter.face import blocking as esap

    show(esap.whoami())


@click.command("token-files")
@click.option("--keep", is_flag=True, help="Write them again before each token ends, until stopped.")
def token_files(keep: bool) -> None:
    """Write the files of `token_files` in esap.toml, for other tools."""
    from esap_jupyter.face import blocking as esap

    written = esap.write_token_files(keep=keep)
    show(written)
    if any(file.problem for file in written):
        raise click.ClickException("Not all token files were written.")


def _tell_prompt(prompt: DevicePrompt) -> None:
    where = prompt.verification_uri_complete or prompt.verification_uri
    tell(f"Open {where} in any browser, and confirm the code {prompt.user_code}.")


COMMANDS: tuple[click.Command, ...] = (sign_in, sign_out, whoami, token_files)
