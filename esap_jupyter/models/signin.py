"""Who a person is to the services, and for how long."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict


class KnownToken(BaseModel):
    """What may be said of a token; never the token.

    Attributes
    ----------
    audience : str
        For which services; empty for one that names none.
    expires_at : datetime, optional
        None if it does not say.
    problem : str
        Why there is none, for people.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    audience: str
    expires_at: datetime | None = None
    problem: str = ""

    def __str__(self) -> str:
        whose = f"token for {self.audience}" if self.audience else "token"
        if self.problem:
            return f"no {whose}: {self.problem}"
        until = f" until {self.expires_at:%Y-%m-%d %H:%M} UTC" if self.expires_at else ""
        return f"{whose}{until}"


class TokenFile(BaseModel):
    """A file with a token for other tools.

    Attributes
    ----------
    audience : str
        For which services the token is; empty for that of the sign-in.
    expires_at : datetime, optional
        None if the token does not say.
    problem : str
        Why it was not written, for people.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path
    audience: str
    expires_at: datetime | None = None
    problem: str = ""

    def __str__(self) -> str:
        token = KnownToken(audience=self.audience, expires_at=self.expires_at, problem=self.problem)
        return f"{self.path}: {token}"


class DevicePrompt(BaseModel):
    """What a person does to sign in (RFC 8628, section 3.3): open the address in any browser and confirm.

    Attributes
    ----------
    verification_uri_complete : str
        The address with the code in it, if the provider offers that.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    user_code: str
    verification_uri: str
    verification_uri_complete: str = ""
    expires_at: datetime


class SignInState(BaseModel):
    """Who the person is.

    Attributes
    ----------
    source : str
        Who gives the tokens, for people; empty if nobody does.
    username, name, issuer, groups
        As the identity provider has them; empty if it is not known.
    tokens : tuple of KnownToken
        One for each audience that a service here wants.
    can_sign_in, can_sign_out : bool
        Whether this can be done from here.
    sign_in_url : str
        Where the person signs in again, if a hub has signed them in; from the root of its host.
    prompt : DevicePrompt, optional
        A sign-in that waits for the person.
    problem, hint : str
        Why the person is not signed in, and what to do.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str = ""
    username: str = ""
    name: str = ""
    issuer: str = ""
    groups: tuple[str, ...] = ()
    tokens: tuple[KnownToken, ...] = ()
    can_sign_in: bool = False
    can_sign_out: bool = False
    sign_in_url: str = ""
    prompt: DevicePrompt | None = None
    problem: str = ""
    hint: str = ""

    def __str__(self) -> str:
        if self.problem:
            return f"{self.problem} {self.hint}".strip()
        if not self.tokens:
            advice = " Sign in: esap sign-in." if self.can_sign_in else ""
            return f"You are not signed in; services that need no sign-in work.{advice}"
        who = f"{self.name or self.username or 'Somebody'} ({self.username})" if self.username else "A token"
        lines = [f"{who}, by {self.source}{f' at {self.issuer}' if self.issuer else ''}"]
        lines += [f"  groups: {', '.join(self.groups)}"] if self.groups else []
        lines += [f"  {token}" for token in self.tokens]
        return "\n".join(lines)
