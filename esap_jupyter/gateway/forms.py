"""Whether a service can be asked what the further fields of a query say."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue, ValidationError

from esap_jupyter.connectors.base import Connector
from esap_jupyter.errors import InputError, NotOffered


def check_parameters(connector: Connector, parameters: Mapping[str, JsonValue]) -> None:
    """Check `Query.parameters` by a service's query form.

    A condition is never left out silently: a service that does not know a field is not asked, and says so.

    Raises
    ------
    NotOffered
        If the service does not know a field.
    InputError
        If a value does not fit; `field` is ``parameters.<name>``.
    """
    form = connector.Form
    known = set(form.model_fields) if form else set()
    others = sorted(parameters.keys() - known)
    if others and not (form and form.model_config.get("extra") == "allow"):
        fields = ", ".join(others)
        raise NotOffered(
            f"Not asked: it has no field {fields}.",
            hint="Leave that out to ask this service too.",
            field=f"parameters.{others[0]}",
        )
    if form is None:
        return
    try:
        form.model_validate(dict(parameters))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        told = f"{name}: {message}" if name else message
        raise InputError(f"{told}.", field=f"parameters.{name}".rstrip(".")) from None
