"""What the hub's ``/hub/metrics`` tells of ESAP beside JupyterHub's own."""

from __future__ import annotations

from prometheus_client import Counter

SIGN_INS = Counter("esap_sign_ins", "Who came from the identity provider: signed-in or refused.", ["outcome"])
REFRESHES = Counter(
    "esap_token_refreshes", "Tokens renewed at the identity provider, or the code of the error.", ["outcome"]
)
EXCHANGES = Counter(
    "esap_token_exchanges",
    "Tokens exchanged for another audience (RFC 8693), or the code of the error.",
    ["audience", "outcome"],
)
for _outcome in ("signed-in", "refused"):
    SIGN_INS.labels(_outcome)
for _outcome in ("renewed", "sign-in-needed", "service-unreachable", "not-allowed"):
    # There from the start, so that an alert on the first failure works.
    REFRESHES.labels(_outcome)
