"""Why a server did not start, in words for the person; the log has the detail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jupyterhub.spawner import SpawnException


@dataclass(frozen=True, slots=True)
class Failure:
    """What happened, and what the person can do.

    Attributes
    ----------
    reason : str
        A short word for the hub's metrics.
    status : int
        HTTP status of the page that tells it.
    """

    reason: str
    message: str
    hint: str
    status: int = 503


NO_ROOM = Failure(
    "no-room", "There is no room for your server.", "Choose a smaller size, or try again in some minutes."
)
OUT_OF_MEMORY = Failure(
    "memory",
    "Your server was stopped while it started: it took more memory than its size has.",
    "Choose a larger size.",
)
FAULT = Failure("fault", "Your server could not be started.", "Try again.", 500)


def no_image(image: str) -> Failure:
    """The facility does not have the image."""
    return Failure("image", f"The image {image} cannot be had.", "Choose another image.")


def facility_away(facility: str) -> Failure:
    """The facility does not answer."""
    return Failure(
        "facility-away",
        f"The facility {facility!r}, where your server is to run, does not answer.",
        "Try again in some minutes, or choose a profile of another facility.",
    )


def too_slow(seconds: float) -> Failure:
    """The server was not up in time."""
    return Failure("timeout", f"Your server was not up after {seconds:.0f} s.", "Try again in some minutes.")


def ended(status: Any) -> Failure:
    """The server ended while it was waited for; `status` is what the facility's spawner says of it."""
    # Killed: by nobody but the kernel, for its memory. DockerSpawner says it in words.
    if status in {-9, 137} or "ExitCode=137" in str(status):
        return OUT_OF_MEMORY
    return Failure(
        "ended",
        "Your server ended while it started.",
        "If you have just changed start-up files or packages in your home, undo that. Try again.",
        500,
    )


class NotStarted(SpawnException):
    """A server did not start; the hub's pages show the words.

    Parameters
    ----------
    failure : Failure
        What happened.
    detail : str
        For the log only.
    contact : str
        Whom the person can write to.
    """

    def __init__(self, failure: Failure, *, detail: str, contact: str) -> None:
        words = [failure.message, failure.hint]
        if contact:
            words.append(f"If that does not help, write to {contact}.")
        message = " ".join(words)
        super().__init__(
            message,
            reason=failure.reason,
            log_message=f"{failure.message} {detail}",
            status_code=failure.status,
        )
        # The page on which one waits shows only what is under this name.
        self.jupyterhub_message = message
