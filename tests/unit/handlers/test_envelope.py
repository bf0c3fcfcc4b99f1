"""Every kind of error has an honest status."""

import pytest

from esap_jupyter import errors
from esap_jupyter.handlers.envelope import envelope_of, status_of, unforeseen


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (errors.EsapError, 500),
        (errors.ConfigError, 500),
        (errors.StateError, 500),
        (errors.InputError, 400),
        (errors.OutsideWorkspace, 400),
        (errors.UnknownName, 404),
        (errors.NotFound, 404),
        (errors.Conflict, 409),
        (errors.NotOffered, 422),
        (errors.QueryRejected, 422),
        (errors.SignInNeeded, 403),
        (errors.NotAllowed, 403),
        (errors.AddressRefused, 403),
        (errors.ServiceUnreachable, 502),
        (errors.ServiceFailed, 502),
        (errors.BadAnswer, 502),
        (errors.ServiceTimeout, 504),
        (errors.NoRoom, 507),
    ],
)
def test_status(kind, status) -> None:
    assert status_of(kind) == status


def test_envelope_says_all_that_the_error_knows() -> None:
    error = errors.QueryRejected("No table foo.", hint="List them.", service="vizier", line=2, column=7)

    assert envelope_of(error).model_dump() == {
        "code": "query-rejected",
        "message": "No table foo.",
        "hint": "List them.",
        "field": "adql",
        "retryable": False,
        "service": "vizier",
        "line": 2,
        "column": 7,
    }


def test_fault_of_ours_tells_no_secret() -> None:
    assert "s3cret" not in unforeseen(ValueError("s3cret")).model_dump_json()
