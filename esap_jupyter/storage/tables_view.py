"""A table as a person has it: columns and rows, other libraries' tables, positions, pictures, a file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, SupportsIndex, overload

import pyarrow as pa

from esap_jupyter.errors import InputError, NotOffered
from esap_jupyter.formats.files import write_batches
from esap_jupyter.storage.tables_chosen import ChosenRows
from esap_jupyter.storage.tables_numbers import row_numbers
from esap_jupyter.storage.tables_preview import preview_html, preview_text

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    from astropy.coordinates import SkyCoord
    from astropy.table import QTable, Row
    from matplotlib.axes import Axes


class Table(ChosenRows):
    """A result: typed columns with units and UCDs, the rows of one or several services.

    A `Table` shows the rows there were when it was made or last refreshed; `refresh` shows those that came
    since. With several services a first column `service` says where each row is from, and columns of the same
    name are one if unit and type allow; otherwise the later is called `name_service`.

    It is used as a table of astropy is: ``table["ra"]``, ``table["ra", "dec"]``, ``table[0]``,
    ``table[:100]``, ``table[[0, 4]]``, ``table[table["parallax"] > 5 * u.mas]``, ``for row in table``. Only
    what is used is read. `where` and `sort` choose rows, and give a `Table` again.

    Parameters
    ----------
    directory : Path
        The table's directory.

    Raises
    ------
    NotFound
        If there is no table.
    StateError
        If it is damaged or from a newer version of ESAP.

    Examples
    --------
    >>> stars = esap.search("M 13")
    >>> stars["parallax"].unit
    Unit("mas")
    >>> stars.skycoord[0].to_string("hmsdms")
    >>> stars.plot("bp_rp", "phot_g_mean_mag")
    >>> stars.where("parallax", ">", 0.1 * u.mas).sort("phot_g_mean_mag").write("m13.parquet")
    """

    # -- as astropy's tables are used

    @overload
    def __getitem__(self, which: str) -> Any: ...
    @overload
    def __getitem__(self, which: int) -> Row: ...
    @overload
    def __getitem__(self, which: slice | Iterable[str] | Iterable[int]) -> QTable: ...
    def __getitem__(self, which: Any) -> Any:
        """Columns by name, rows by number or by a mask; only these are read.

        ``table["ra"]`` is the column, a Quantity if it has a unit; ``table["ra", "dec"]`` a QTable of some
        columns; ``table[0]`` a row; ``table[:100]``, ``table[[0, 4]]`` and ``table[mask]``, with a truth
        value for each row, a QTable of some rows.

        Raises
        ------
        KeyError
            If there is no such column.
        IndexError
            If there is no such row.
        InputError
            If it is neither, or a mask is not as long as the table.
        """
        from esap_jupyter.formats.astropy_table import to_qtable

        if isinstance(which, slice):
            start, stop, step = which.indices(self.num_rows)
            first, last = (start, stop) if step > 0 else (stop + 1, start + 1)
            rows = to_qtable(self.page(first, max(last - first, 0)))
            return rows[::step] if step > 0 else rows[::-1][::-step]
        if isinstance(which, str):
            return to_qtable(self.page(0, self.num_rows, [self._known(which)]))[which]
        if isinstance(which, list | tuple) and which and all(isinstance(name, str) for name in which):
            return to_qtable(self.page(0, self.num_rows, [self._known(name) for name in which]))
        places = [self._place(number) for number in row_numbers(which, self.num_rows)]
        first = min(places, default=0)
        rows = self.page(first, max(places, default=-1) + 1 - first)
        if isinstance(which, SupportsIndex) and not hasattr(which, "__len__"):
            return to_qtable(rows)[0]
        return to_qtable(rows.take(pa.array([place - first for place in places], pa.int64())))

    def __iter__(self) -> Iterator[Row]:
        """The rows, one after the other, as of an astropy QTable."""
        from esap_jupyter.formats.astropy_table import to_qtable

        for batch in self.batches():
            yield from to_qtable(pa.Table.from_batches([batch]))

    def __contains__(self, name: object) -> bool:
        return name in self.columns

    @property
    def colnames(self) -> list[str]:
        """Names of the columns, as astropy calls them."""
        return self.columns

    def _place(self, number: int) -> int:
        """The number of a row counted from the first; a negative one counts from the end."""
        place = number + self.num_rows if number < 0 else number
        if not 0 <= place < self.num_rows:
            raise IndexError(f"There is no row {number}: the table has {self.num_rows:,} rows.")
        return place

    def _known(self, name: str) -> str:
        if name not in self.columns:
            raise KeyError(f"There is no column {name!r}. There are: {', '.join(self.columns)}")
        return name

    # -- in the tables of other libraries

    def to_arrow(self) -> Any:
        """All rows as a `pyarrow.Table`, units and UCDs as metadata of its fields.

        Returns
        -------
        pyarrow.Table
        """
        return self.page(0, self.num_rows)

    def to_astropy(self) -> QTable:
        """All rows as an `astropy.table.QTable`.

        Columns of numbers with a unit are Quantities, masked where null; `ucd`, `utype` and `xtype` are in
        ``column.info.meta``.

        Returns
        -------
        astropy.table.QTable
        """
        from esap_jupyter.formats.astropy_table import to_qtable

        return to_qtable(self.to_arrow())

    def to_pandas(self) -> pd.DataFrame:
        """All rows as a `pandas.DataFrame`; integers with nulls stay integers.

        Units and UCDs are in ``attrs["units"]`` and ``attrs["ucds"]``, by column.

        Returns
        -------
        pandas.DataFrame

        Raises
        ------
        NotOffered
            If pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise _not_installed("pandas") from error
        table = self.to_arrow()
        frame: pd.DataFrame = table.to_pandas()
        for name, column in zip(table.column_names, table.columns, strict=True):
            kind = _nullable_kind(column.type)
            if column.null_count and kind:
                frame[name] = pd.array(column.to_pylist(), dtype=kind)
        for key, said in (("units", b"unit"), ("ucds", b"ucd")):
            texts = {field.name: (field.metadata or {}).get(said, b"").decode() for field in table.schema}
            frame.attrs[key] = {name: text for name, text in texts.items() if text}
        return frame

    def to_polars(self) -> pl.DataFrame:
        """All rows as a `polars.DataFrame`.

        Returns
        -------
        polars.DataFrame

        Raises
        ------
        NotOffered
            If polars is not installed.
        """
        try:
            import polars as pl
        except ImportError as error:
            raise _not_installed("polars") from error
        frame = pl.from_arrow(self.to_arrow())
        assert isinstance(frame, pl.DataFrame)
        return frame

    def write(self, path: str | os.PathLike[str]) -> Path:
        """Write all rows to a file.

        The file gets its name when it is whole. All but CSV keep units and descriptions.

        Parameters
        ----------
        path : str or Path
            Its suffix says the format: ``.vot`` or ``.xml`` (VOTable 1.4), ``.fits``, ``.parquet``,
            ``.csv``.

        Returns
        -------
        Path
            Of the file.

        Raises
        ------
        InputError
            If there is no such format, or no such directory.
        """
        target = Path(path).expanduser()
        if not target.parent.is_dir():
            raise InputError(f"There is no directory {target.parent}.", field="path")
        said = {b"name": self.title, b"description": self.query.describe() if self.query else ""}
        metadata = {key: value.encode() for key, value in said.items() if value} | (
            self.schema.metadata or {}
        )
        write_batches(target, self.schema.with_metadata(metadata), _Rows(self))
        return target

    # -- on the sky, and as pictures

    @property
    def skycoord(self) -> SkyCoord:
        """The positions of all rows, as an `astropy.coordinates.SkyCoord` of the length of the table.

        The columns are found by their UCDs (``pos.eq.ra;meta.main``, UCD1+), else by the usual names. The
        frame is that which the table tells (COOSYS of a VOTable), else ICRS, or Galactic where a table has
        nothing else; ``obstime`` is set where a column or COOSYS tells the epoch. The rows of each service
        have their own columns. A row without a position is NaN.

        Raises
        ------
        InputError
            If no columns are known to be positions.
        """
        return self.coordinates()

    def coordinates(self, ra: str | None = None, dec: str | None = None) -> SkyCoord:
        """Make the positions of all rows from two columns; see `skycoord`.

        Parameters
        ----------
        ra, dec : str, optional
            Names of the columns (numbers in their unit, else degrees; or sexagesimal text); by default those
            that `skycoord` finds. Where the table does not tell their frame they are ICRS.

        Returns
        -------
        astropy.coordinates.SkyCoord
            Of the length of the table; NaN where a row has no position.

        Raises
        ------
        InputError
            If there are no such columns, or they hold no angles.
        """
        from esap_jupyter.storage.tables_sky import coordinates_of

        return coordinates_of(self, ra, dec)

    def plot(self, x: str, y: str, *, ax: Axes | None = None, **kwargs: Any) -> Axes:
        """Draw one column against another, with matplotlib.

        Axes are labelled with the units; magnitudes grow downwards. More than 20,000 rows are drawn as a
        density, unless `kwargs` asks for points.

        Parameters
        ----------
        x, y : str
            Names of columns of numbers or times.
        ax : matplotlib.axes.Axes, optional
            Where; by default a new figure.
        **kwargs
            For `matplotlib.axes.Axes.scatter`; ``c`` may be the name of a column. With a density, for
            `~matplotlib.axes.Axes.hexbin`.

        Returns
        -------
        matplotlib.axes.Axes

        Raises
        ------
        InputError
            If there is no such column, or it cannot be drawn.
        NotOffered
            If matplotlib is not installed (the extra ``plots``).

        Examples
        --------
        >>> stars.plot("bp_rp", "phot_g_mean_mag", c="parallax")
        """
        from esap_jupyter.storage.tables_plot import plot

        axes: Axes = plot(self, x, y, ax, kwargs)
        return axes

    def plot_sky(
        self,
        ra: str | None = None,
        dec: str | None = None,
        *,
        projection: str = "aitoff",
        ax: Axes | None = None,
        **kwargs: Any,
    ) -> Axes:
        """Draw where the rows are on the sky, right ascension growing to the left, with matplotlib.

        More than 20,000 rows are drawn as a density, unless `kwargs` asks for points.

        Parameters
        ----------
        ra, dec : str, optional
            Names of the columns; by default those that `skycoord` finds.
        projection : str
            Of the whole sky: ``aitoff``, ``hammer``, ``mollweide``; or ``tan``, the plane of the sky around
            the rows (gnomonic; FITS WCS paper II), for fields of some degrees.
        ax : matplotlib.axes.Axes, optional
            Where, with a projection of its own; by default a new figure.
        **kwargs
            For `matplotlib.axes.Axes.scatter`; ``c`` may be the name of a column. With a density, for
            `~matplotlib.axes.Axes.pcolormesh`.

        Returns
        -------
        matplotlib.axes.Axes

        Raises
        ------
        InputError
            If there are no positions, or no such projection.
        NotOffered
            If matplotlib is not installed (the extra ``plots``).

        Examples
        --------
        >>> stars.plot_sky(projection="tan")
        >>> stars.plot_sky(ax=plt.subplot(projection=WCS(header)), facecolors="none", edgecolors="red")
        """
        from esap_jupyter.storage.tables_sky import plot_sky

        axes: Axes = plot_sky(
            self, coordinates=self.coordinates(ra, dec), projection=projection, ax=ax, asked=kwargs
        )
        return axes

    def __repr__(self) -> str:
        return preview_text(self)

    def _repr_html_(self) -> str:
        return preview_html(self)


class _Rows:
    """The rows of a table, to be iterated over as often as needed."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def __iter__(self) -> Iterator[Any]:
        return self._table.batches()


def _nullable_kind(kind: Any) -> str:
    """The name of the pandas type that holds null where numpy's does not."""
    if pa.types.is_boolean(kind):
        return "boolean"
    if pa.types.is_integer(kind):
        return f"{'Int' if pa.types.is_signed_integer(kind) else 'UInt'}{kind.bit_width}"
    return ""


def _not_installed(library: str) -> NotOffered:
    return NotOffered(f"{library} is not installed.", hint=f"Install it: pip install {library}")
