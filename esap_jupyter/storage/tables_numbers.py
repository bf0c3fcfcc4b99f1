"""Which rows of a table are meant: numbers, a slice, or a mask, as numpy, astropy and pandas make them."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import Any

import numpy as np

from esap_jupyter.errors import InputError

_HINT = "Give numbers counted from 0, [0, 4, 5], or a mask with a truth value for each row."


def row_numbers(given: Any, count: int) -> list[int]:
    """Read which rows are meant; whether the table has such rows is for the caller to say.

    Parameters
    ----------
    given : int, slice, iterable of int, or mask
        A mask has a truth value for each row; one that is masked itself counts as false.
    count : int
        Rows of the table.

    Raises
    ------
    InputError
        If it is none of these, or a mask of another length.
    """
    if isinstance(given, slice):
        return list(range(count)[given])
    if isinstance(given, str | bytes):
        raise _no_rows(given)
    if not isinstance(given, Iterable) or getattr(given, "shape", None) == ():
        return [_number(given)]
    values = _values(given)
    if len(values) and all(isinstance(value, bool) for value in values):
        if len(values) != count:
            raise InputError(
                f"The mask has {len(values):,} truth values, and there are {count:,} rows.", field="rows"
            )
        return [number for number, is_meant in enumerate(values) if is_meant]
    return [_number(value) for value in values]


def _values(given: Iterable[Any]) -> list[Any]:
    """As Python has them."""
    if hasattr(given, "filled") and hasattr(given, "dtype"):
        if given.dtype.kind != "b" and np.any(given.mask):  # type: ignore[attr-defined]
            raise InputError("Some of the row numbers are masked.", hint=_HINT, field="rows")
        given = given.filled(False)
    if hasattr(given, "dtype") or hasattr(given, "to_numpy"):
        given = np.asarray(given)
    if isinstance(given, np.ndarray):
        return list(given.tolist())
    return [value.item() if isinstance(value, np.generic) else value for value in given]


def _number(value: Any) -> int:
    try:
        if not isinstance(value, bool | np.bool_):
            return operator.index(value)
    except TypeError:
        pass
    raise _no_rows(value)


def _no_rows(given: Any) -> InputError:
    return InputError(f"{str(given)[:40]!r} is no row.", hint=_HINT, field="rows")
