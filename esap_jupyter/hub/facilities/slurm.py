"""Servers as jobs of a Slurm cluster, each as the person's own Unix user."""

from __future__ import annotations

import asyncio
import math
import os
import pwd
import re
import shlex
from collections.abc import AsyncIterator
from typing import Any

from batchspawner import JobStatus, SlurmSpawner
from traitlets import default

from esap_jupyter.errors import EsapError, NotAllowed, ServiceFailed
from esap_jupyter.hub.facilities import AtFacility
from esap_jupyter.hub.facilities.settings import SlurmFacility
from esap_jupyter.hub.failures import Failure

_FIRST_PERSON = 1000  # Debian's and Red Hat's; below are the system's own users,
_RESERVED = range(60000, 65536)  # and here, slurm's own and nobody among them (Debian Policy, section 9.2.2)
_NO_SHELLS = {"nologin", "false"}
_TELL_SECONDS = 5.0
# All other states, and whatever squeue says when it cannot ask, are no reason to give a job up.
_ENDS = "COMPLETED|CANCELLED|FAILED|TIMEOUT|NODE_FAIL|PREEMPTED|BOOT_FAIL|DEADLINE|OUT_OF_MEMORY|REVOKED"
_REASONS = {"Resources": "no node is free", "Priority": "others come first"}

_SCRIPT = """\
#!/bin/bash -l
umask 022
{setup}
mkdir -p {directory} && cd {directory}
exec {command}
"""


class JobSpawner(AtFacility, SlurmSpawner):
    """Starts a server as a job, and says where in the queue it is.

    The hub's token, by which the server is known, goes to ``sbatch`` in its environment, which only the Unix
    user and the system's administrator may see. It is in no argument, script or file of theirs.
    """

    facility: SlurmFacility

    @default("exec_prefix")
    def _act_as_the_person(self) -> str:
        as_user = {
            "runuser": ["runuser", "-u", self._unix_user.pw_name, "--"],
            "sudo": ["sudo", "--non-interactive", "--preserve-env", "--user", self._unix_user.pw_name, "--"],
        }
        return shlex.join(as_user[self.facility.become])

    @default("start_timeout")
    def _time_in_the_queue(self) -> int:
        return self.facility.wait

    @default("startup_poll_interval")
    def _ask_slurm_every_second(self) -> float:
        return 1.0

    @default("batch_query_cmd")
    def _ask_for_reason_and_node(self) -> str:
        return "squeue --noheader --jobs={job_id} --format='%T|%r|%S|%B'"

    @default("state_unknown_re")
    def _whatever_is_no_end(self) -> str:
        return rf"^(?!.*Invalid job id)(?!(?:{_ENDS})\b)."

    @default("state_exechost_re")
    def _node_in_the_answer(self) -> str:
        return r"\|([^|]+)$"

    @default("env_keep")
    def _nothing_of_the_hubs_environment(self) -> list[str]:
        return []

    async def start(self) -> tuple[str, int]:
        """Submit the job, and wait until it runs and its server has told its port.

        Raises
        ------
        NotAllowed
            If the person has no Unix user who may start anything.
        ServiceFailed
            If Slurm refuses the job, or it ends before its server is there.
        """
        self.ip, self.port = "0.0.0.0", 0  # noqa: S104 - on all addresses of its node, which is not known yet
        self.hub_connect_url = self.facility.hub
        self.notebook_dir = self._directory
        await self.submit_batch_script()
        while True:
            status = await self.query_job_status()
            if status is JobStatus.RUNNING and self.port:
                break
            if status is JobStatus.NOTFOUND:
                raise ServiceFailed(
                    f"The job {self.job_id} ended before its server was there.",
                    hint=f"The log is in {self._log_file}; a smaller size or another profile may do.",
                )
            await asyncio.sleep(self.startup_poll_interval)
        return self.state_gethost(), self.port

    def explain(self, error: Exception) -> Failure | None:
        """Tell in Slurm's words, or ours, why there is no job."""
        if not isinstance(error, EsapError):
            return None
        status = 403 if isinstance(error, NotAllowed) else 503
        return Failure(error.code, error.message, error.hint, status)

    async def submit_batch_script(self) -> None:
        """Submit the job as the person."""
        environment = self.get_env()
        command = shlex.join(["sbatch", "--parsable", *self._options(environment)])
        try:
            # What the job writes as its log is for the person alone.
            said = await self.run_command(
                f"umask 077; {self.exec_prefix} {command}",
                input=self._script(),
                env=_environment() | environment,
            )
        except RuntimeError as error:
            raise ServiceFailed(
                f"Slurm refuses the job: {error}", hint="Choose a smaller size or another profile."
            ) from None
        self.job_id = self.parse_job_id(said)

    async def run_command(self, cmd: str, input: str | None = None, env: dict[str, str] | None = None) -> str:  # noqa: A002
        """Run something as the person, who may read its environment: nothing of the hub's is in it."""
        return str(await super().run_command(cmd, input, env or _environment()))

    async def stop(self, now: bool = False) -> None:
        """Cancel the job."""
        if self.job_id:
            await super().stop(now)

    async def progress(self) -> AsyncIterator[dict[str, Any]]:
        """Say in words where the job is."""
        told = ""
        while not self.state_isrunning():
            words = await self._place_in_queue() if self.state_ispending() else "Submitting the job"
            if words != told:
                told = words
                yield {"progress": 20, "message": words}
            await asyncio.sleep(_TELL_SECONDS)
        yield {"progress": 60, "message": f"The job runs on {super().state_gethost()}; the server starts"}

    def state_gethost(self) -> str:
        """Return where the hub reaches the job's node."""
        return self.facility.node_address.format(node=super().state_gethost())

    def get_req_subvars(self) -> dict[str, str]:
        """Return nothing: the commands are complete."""
        return {}

    def user_env(self, env: dict[str, str]) -> dict[str, str]:
        """Add what Unix says of the user."""
        user = self._unix_user
        return env | {"USER": user.pw_name, "HOME": user.pw_dir, "SHELL": user.pw_shell or "/bin/bash"}

    @property
    def _unix_user(self) -> pwd.struct_passwd:
        person = self.user.name
        name = self.facility.users.get(person) or self.facility.user.format(name=person)
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            found = None
        if found is None or not _is_a_person(found):
            raise NotAllowed(
                f"{person} has no account at this cluster ({name}).",
                hint="Ask the site's support for one, or choose another profile.",
            )
        return found

    @property
    def _directory(self) -> str:
        user = self._unix_user
        return self.facility.directory.format(home=user.pw_dir, user=user.pw_name)

    @property
    def _log_file(self) -> str:
        # A percent sign means something to sbatch.
        server = re.sub(r"[^A-Za-z0-9-]", "_", self.name) or "default"
        return f"{self._unix_user.pw_dir}/.esap-server-{server}.log"

    def _options(self, environment: dict[str, str]) -> list[str]:
        facility, gpus = self.facility, self.order.gpus
        optional = {
            "partition": facility.partition,
            "account": facility.account,
            "gres": gpus and f"gpu:{gpus}",
        }
        return [
            "--job-name=esap-server",
            f"--chdir={self._unix_user.pw_dir}",
            f"--output={self._log_file}",
            f"--time={facility.time_limit}",
            f"--mem={self.mem_limit // 2**20}M",
            f"--cpus-per-task={math.ceil(self.cpu_limit)}",
            *(f"--{option}={value}" for option, value in optional.items() if value),
            # Names only: Slurm takes the values from the environment of sbatch.
            f"--export={','.join(environment)}",
            *facility.options,
        ]

    def _script(self) -> str:
        setup, start = list(self.facility.setup), [self.batchspawner_singleuser_cmd, *self.cmd]
        if self.order.image:
            start = [
                "apptainer",
                "exec",
                *(["--nv"] if self.order.gpus else []),
                _apptainer(self.order.image),
                *start,
            ]
        else:
            setup.append(f"export PATH={shlex.quote(self.facility.environment)}/bin:$PATH")
        return _SCRIPT.format(
            setup="\n".join(setup), directory=shlex.quote(self._directory), command=shlex.join(start)
        )

    async def _place_in_queue(self) -> str:
        _, reason, begin, _ = (self.job_status.split("|") + [""] * 3)[:4]
        partition = self.facility.partition
        only = f" --partition={partition}" if partition else ""
        try:
            jobs = (
                await self.run_command(
                    f"{self.exec_prefix} squeue --noheader --states=PENDING --sort=-p,i --format=%A{only}"
                )
            ).split()
        except RuntimeError:
            jobs = []  # batchspawner has logged it; the place is not worth more
        words = [f"Waiting in the queue of partition {partition}" if partition else "Waiting in the queue"]
        if self.job_id in jobs:
            words.append(f"place {jobs.index(self.job_id) + 1} of {len(jobs)}")
        if reason not in {"", "None"}:
            words.append(_REASONS.get(reason, reason))
        if begin not in {"", "N/A"}:
            words.append(f"expected to start at {begin.replace('T', ' ')}")
        return ", ".join(words)


def _is_a_person(user: pwd.struct_passwd) -> bool:
    shell = user.pw_shell.rpartition("/")[2]
    return user.pw_uid >= _FIRST_PERSON and user.pw_uid not in _RESERVED and shell not in _NO_SHELLS


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in ("PATH", "SLURM_CONF") if name in os.environ}


def _apptainer(image: str) -> str:
    return image if image.startswith("/") or "://" in image else f"docker://{image}"
