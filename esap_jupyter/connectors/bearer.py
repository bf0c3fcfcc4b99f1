"""The person's token on the requests that blocking libraries make, fresh whenever one goes out."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from esap_jupyter.connectors.base import Context
from esap_jupyter.connectors.calls import ask_loop

_SECONDS = 30.0


def with_bearer(context: Context, audience: str) -> Context:
    """Return a context whose sessions show the service the person's token; a person without one shows none.

    The sessions are to be used in the threads of ``context.calls``.

    Parameters
    ----------
    audience : str
        The ``aud`` that the service wants (RFC 7519, section 4.1.3).
    """

    def bearer() -> str:
        token = ask_loop(lambda: context.tokens.token(audience), _SECONDS)
        return token.value.get_secret_value() if token else ""

    return dataclasses.replace(context, access=dataclasses.replace(context.access, bearer=bearer))


async def bearer_header(context: Context, audience: str, url: str) -> Mapping[str, str]:
    """The header that shows a service the person's token, if the configuration names where `url` is."""
    token = await context.tokens.token(audience) if context.access.trusts(url) else None
    return {"Authorization": f"Bearer {token.value.get_secret_value()}"} if token else {}
