"""What a person may start: profiles of images and sizes, at the site's facilities; part of `site.toml`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from esap_jupyter.errors import InputError, NotAllowed
from esap_jupyter.hub.facilities import Facility

_NAME = r"^[a-z][a-z0-9-]{0,30}$"
Name = Annotated[str, Field(pattern=_NAME)]


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Size(_Settings):
    """How much of the machine a server gets at most.

    Attributes
    ----------
    memory : str
        ``2G``; the server is stopped if it takes more.
    cpu : float
        Processors.
    gpus : int
        Graphics processors.
    """

    title: str
    memory: str = Field(pattern=r"^[1-9][0-9]*[MGT]$")
    cpu: float = Field(gt=0)
    gpus: int = Field(default=0, ge=0)


class Image(_Settings):
    """A container image that may be started, and no other may.

    Attributes
    ----------
    image : str
        With a tag or digest, so that a server of tomorrow is that of today; at a Slurm cluster, the path of a
        ``.sif`` file will do, too.
    """

    title: str
    image: str = Field(pattern=r"^[^\s:]+(:[0-9]+/[^\s:]+)?[:@][^\s]+$|^/\S+\.sif$")


class Profile(_Settings):
    """A choice that a person has.

    Attributes
    ----------
    facility : str
        Where the server runs.
    images, sizes : tuple of str
        Names of those that one may choose from, the first being the default.
    groups : tuple of str
        Whose members see this profile; with none, everybody.
    page : str
        What opens: ``/lab``, or another web application of the image (``/desktop``, behind
        jupyter-server-proxy).
    """

    title: str
    description: str = ""
    facility: Name
    images: tuple[Name, ...] = ()
    sizes: tuple[Name, ...] = Field(min_length=1)
    groups: tuple[str, ...] = ()
    page: str = Field(default="/lab", pattern=r"^/[A-Za-z0-9/_.-]*$")


class Choice(_Settings):
    """What a person has chosen."""

    profile: str
    image: str
    size: str


class Offer(_Settings):
    """All that a site offers.

    Attributes
    ----------
    facilities, images, sizes, profiles : dict
        By name; the first profile that a person may see is the default.
    """

    facilities: dict[Name, Facility] = Field(default_factory=dict)
    images: dict[Name, Image] = Field(default_factory=dict)
    sizes: dict[Name, Size] = Field(default_factory=dict)
    profiles: dict[Name, Profile] = Field(default_factory=dict)

    def faults(self) -> Iterable[tuple[tuple[str, ...], str]]:
        """Where a name is used that nothing has, and what is wrong there."""
        for name, profile in self.profiles.items():
            at = ("profiles", name)
            if profile.facility not in self.facilities:
                yield (*at, "facility"), f"there is no facility {profile.facility!r}"
            elif self.facilities[profile.facility].needs_images and not profile.images:
                yield at, "containers need images"
            yield from (
                ((*at, kind), f"there is no {kind[:-1]} {each!r}")
                for kind, chosen, known in (
                    ("images", profile.images, self.images),
                    ("sizes", profile.sizes, self.sizes),
                )
                for each in chosen
                if each not in known
            )

    def of(self, groups: Iterable[str]) -> dict[str, Profile]:
        """Return the profiles that members of some groups may see, by name."""
        mine = set(groups)
        return {
            name: profile
            for name, profile in self.profiles.items()
            if not profile.groups or mine.intersection(profile.groups)
        }

    def choose(self, given: Mapping[str, Any], groups: Iterable[str]) -> Choice:
        """Check what a person, or a program in a person's name, asks for; what is not given is the default.

        Raises
        ------
        NotAllowed
            If no profile is for the person.
        InputError
            If there is no such profile for the person, or it has no such image or size.
        """
        offered = self.of(groups)
        if not offered:
            raise NotAllowed("None of this site's profiles is for you.", hint="Ask for the right group.")
        name = str(given.get("profile") or next(iter(offered)))
        if name not in offered:
            raise InputError(
                f"There is no profile {name!r} for you.",
                hint=f"Choose: {', '.join(offered)}.",
                field="profile",
            )
        profile = offered[name]
        return Choice(
            profile=name,
            image=_one_of(profile.images, given.get("image"), "image"),
            size=_one_of(profile.sizes, given.get("size"), "size"),
        )


def _one_of(offered: Sequence[str], wanted: Any, field: str) -> str:
    chosen = str(wanted or (offered[0] if offered else ""))
    if chosen and chosen not in offered:
        raise InputError(
            f"This profile has no {field} {chosen!r}.", hint=f"Choose: {', '.join(offered)}.", field=field
        )
    return chosen
