"""`esap jobs`: searches, queries and stagings that outlive a command."""

from __future__ import annotations

import click

from esap_jupyter.cli.output import show, tell


@click.group(invoke_without_command=True)
@click.pass_context
def jobs(context: click.Context) -> None:
    """Show the jobs, or act on one."""
    if context.invoked_subcommand is None:
        from esap_jupyter.face import blocking as esap

        show(esap.jobs.list())


@jobs.command()
@click.argument("job")
def cancel(job: str) -> None:
    """Stop a job, whichever process runs it."""
    from esap_jupyter.face import blocking as esap

    esap.jobs.cancel(job)
    tell(f"Job {job} is asked to stop.")


@jobs.command()
@click.argument("job")
def resume(job: str) -> None:
    """Go on with a job that failed, was stopped or interrupted; fetches only what is missing."""
    from esap_jupyter.face import blocking as esap

    show(esap.jobs.resume(job))


@jobs.command()
@click.argument("job")
def delete(job: str) -> None:
    """Forget a job; its files and tables stay."""
    from esap_jupyter.face import blocking as esap

    esap.jobs.delete(job)


COMMANDS: tuple[click.Command, ...] = (jobs,)
