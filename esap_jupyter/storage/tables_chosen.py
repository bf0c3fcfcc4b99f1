"""Rows of a table by conditions, in an order: found by DuckDB, read from the parts as they are used."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa

from esap_jupyter.errors import InputError
from esap_jupyter.models import Operator, Order, Selection
from esap_jupyter.storage.tables_rows import BATCH_ROWS, TableRows

# Rows that are read together to take some of them: as many as Parquet decodes at once.
_STRETCH = 20_000
# How often a table is read, at most, to write it in another order.
_TIMES_READ = 8


class ChosenRows(TableRows):
    """All rows of a table as they stand, or those of them that were chosen, in the order that was asked.

    Parameters
    ----------
    directory : Path
        The table's directory.
    """

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        # By their numbers in the whole table; None stands for all of them.
        self._numbers: Any = None
        # What they were chosen of, and how: those of a service if by no selection.
        self._origin: Self | None = None
        self._selection: Selection | None = None

    # -- which rows

    def where(self, column: str, operator: Operator, value: Any = None) -> Self:
        """The rows that meet a condition, as the panel's filter finds them.

        What is empty (null, NaN) is neither equal nor unequal to anything; capitals do not count in
        ``contains`` and ``starts-with``. Further conditions are asked of what is returned. Only the column
        that the condition names is read to find the rows.

        Parameters
        ----------
        column : str
            Name of a column.
        operator : str
            ``=``, ``!=``, ``<``, ``<=``, ``>``, ``>=``; of text also ``contains`` and ``starts-with``; of any
            column ``is-empty`` and ``is-not-empty``, which take no value.
        value : int, float, bool, str, Quantity, Time or datetime, optional
            A bare number is in the column's unit, a Quantity is converted to it. Times are UTC unless they
            say otherwise, also as ISO 8601 text.

        Returns
        -------
        Table
            A view: nothing is copied. All that a table does it does with these rows.

        Raises
        ------
        InputError
            If there is no such column or operator, the value does not fit the column, or its unit does not
            convert to the column's.

        Examples
        --------
        >>> near = stars.where("parallax", ">", 5 * u.mas).where("phot_g_mean_mag", "<", 12)
        >>> near.sort("phot_g_mean_mag").write("near.fits")
        >>> esap.stage(esap.items(images.where("obs_title", "contains", "M 51")))
        """
        from esap_jupyter.storage.tables_conditions import condition_on

        condition = condition_on(self.schema, column, operator, value)
        return self._chosen_by(Selection(conditions=(condition,)))

    def sort(self, *columns: str, descending: bool | Sequence[bool] = False) -> Self:
        """The rows sorted by the first column, then by the next; what is empty (null, NaN) comes last.

        Unlike astropy's, it changes nothing in place.

        Parameters
        ----------
        *columns : str
            Names of columns.
        descending : bool or list of bool
            Whether the greatest comes first: of all columns, or of each.

        Returns
        -------
        Table
            A view: nothing is copied.

        Raises
        ------
        InputError
            If there is no such column, or it has no order.

        Examples
        --------
        >>> stars.sort("phot_g_mean_mag")[:10]
        >>> stars.sort("service", "parallax", descending=[False, True])
        """
        return self._chosen_by(Selection(order=_orders(columns, descending)))

    @property
    def row_numbers(self) -> Any:
        """Which rows of the whole table these are, counted from 0: a numpy array, in the order shown."""
        return np.arange(self.num_rows) if self._numbers is None else self._numbers

    @property
    def whole(self) -> Self:
        """The table that rows were chosen of by `where` and `sort`; itself if all are shown as they stand."""
        if self._numbers is None:
            return self
        whole = copy.copy(self)
        whole._numbers = whole._origin = None  # noqa: SLF001 - a copy of itself
        return whole

    # -- as a table of these rows

    @property
    def counts(self) -> dict[str, int]:
        """Rows of each service that can be read now, in the order in which services stand."""
        counts = super().counts
        if self._numbers is None:
            return counts
        ends = np.cumsum(list(counts.values()))
        found = np.bincount(np.searchsorted(ends, self._numbers, side="right"), minlength=len(counts))
        return dict(zip(counts, found.tolist(), strict=True))

    @property
    def num_rows(self) -> int:
        """Rows that can be read now."""
        return super().num_rows if self._numbers is None else len(self._numbers)

    def of(self, service: str) -> Self:  # noqa: D102 - as documented there
        view = super().of(service)
        if self._numbers is not None:
            view._chosen_of(copy.copy(self), None)  # noqa: SLF001 - a copy of itself
        return view

    def page(self, offset: int, limit: int, columns: Sequence[str] | None = None) -> Any:  # noqa: D102
        if self._numbers is None:
            return super().page(offset, limit, columns)
        pieces = [super().page(offset, min(limit, 0), columns)]
        numbers = self._numbers[offset : offset + limit]
        order = np.argsort(numbers, kind="stable")
        ascending = numbers[order]
        for stretch in np.split(ascending, np.flatnonzero(np.diff(ascending // _STRETCH)) + 1):
            if len(stretch) and pieces[0].num_columns:
                first = int(stretch[0])
                read = super().page(first, int(stretch[-1]) + 1 - first, columns)
                pieces.append(read.take(pa.array(stretch - first)))
        rows = pa.concat_tables(pieces)
        if np.array_equal(ascending, numbers):
            return rows
        return rows.combine_chunks().take(pa.array(np.argsort(order)))

    def batches(self) -> Iterator[Any]:  # noqa: D102
        if self._numbers is None or np.all(np.diff(self._numbers) > 0):
            yield from super().batches()
            return
        # Any of them may stand anywhere in the table, which is therefore read some times, not once a batch.
        view = copy.copy(self)
        at_once = max(BATCH_ROWS, view.num_rows // _TIMES_READ)
        for offset in range(0, view.num_rows, at_once):
            yield from view.page(offset, at_once).to_batches(max_chunksize=BATCH_ROWS)

    def refresh(self) -> Self:  # noqa: D102
        if self._origin is None:
            return super().refresh()
        origin = copy.copy(self._origin).refresh()
        fresh = copy.copy(self)
        fresh._manifest = origin._manifest  # noqa: SLF001 - the numbers are right in this only
        fresh.__dict__.pop("_merged", None)
        # If the rows cannot be chosen any more, all stays as it was.
        fresh._chosen_of(origin, self._selection)  # noqa: SLF001 - a copy of itself
        self.__dict__.pop("_merged", None)
        self.__dict__.update(fresh.__dict__)
        return self

    def _chosen_by(self, selection: Selection) -> Self:
        return copy.copy(self)._chosen_of(copy.copy(self), selection)  # noqa: SLF001 - a copy of itself

    def _chosen_of(self, origin: Self, selection: Selection | None) -> Self:
        """Itself, with the rows that a selection takes of others, or without one those of its service."""
        if selection is None:
            numbers = _rows_of(origin, str(self._only))
        else:
            from esap_jupyter.storage.tables_query import selected_rows  # stands on DuckDB

            numbers = origin.row_numbers[selected_rows(origin, selection)]
        # They are given away, see `row_numbers`.
        numbers.setflags(write=False)
        self._origin, self._selection, self._numbers = origin, selection, numbers
        return self


def _rows_of(table: ChosenRows, service: str) -> Any:
    """Which rows of a service these are, counted among its own."""
    numbers, first = table.row_numbers, 0
    for name, rows in table.whole.counts.items():
        if name == service:
            return numbers[(first <= numbers) & (numbers < first + rows)] - first
        first += rows
    return numbers[:0]


def _orders(columns: Sequence[str], descending: bool | Sequence[bool]) -> tuple[Order, ...]:
    if not columns or not all(isinstance(name, str) for name in columns):
        raise InputError(
            "Rows are sorted by names of columns.",
            hint='Write for example sort("mag") or sort("service", "mag").',
            field="columns",
        )
    directions = [descending] * len(columns) if isinstance(descending, bool) else list(descending)
    if len(directions) != len(columns):
        raise InputError(
            f"There are {len(columns)} columns to sort by, and {len(directions)} directions.",
            hint="Give `descending` once, or once for each column.",
            field="descending",
        )
    return tuple(
        Order(column=name, descending=bool(each)) for name, each in zip(columns, directions, strict=True)
    )
