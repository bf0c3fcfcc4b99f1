"""Pictures of a table's columns, with matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from esap_jupyter.errors import InputError, NotOffered

if TYPE_CHECKING:
    from esap_jupyter.storage.tables_view import Table

MOST_POINTS = 20_000
"""Above that, points hide each other: what is drawn is how many there are."""

COLOURS = "viridis"
_OF_POINTS = {"s", "c", "marker", "color", "edgecolors", "facecolors", "linewidths"}
_CELLS = 120


def plot(table: Table, x: str, y: str, ax: Any, asked: dict[str, Any]) -> Any:
    """Draw one column against another; see `Table.plot`."""
    pyplot = import_pyplot()
    across, up = drawable(table, x), drawable(table, y)
    made = ax is None
    if ax is None:
        ax = pyplot.subplots(layout="constrained")[1]
    if wants_density(len(across), asked) and across.dtype.kind == up.dtype.kind == "f":
        finite = np.isfinite(across) & np.isfinite(up)
        if finite.any():
            options = {"gridsize": _CELLS, "bins": "log", "mincnt": 1, "cmap": COLOURS, "linewidths": 0.1}
            drawn = ax.hexbin(across[finite], up[finite], **options | asked)
            ax.figure.colorbar(drawn, ax=ax, label="rows")
    else:
        scatter(table, ax, across, up, asked)
    ax.set_xlabel(label_of(table, x))
    ax.set_ylabel(label_of(table, y))
    # An axis of somebody else's has its direction already.
    if made and _is_magnitude(table, y):
        ax.invert_yaxis()
    return ax


def import_pyplot() -> Any:
    """Import matplotlib.

    Raises
    ------
    NotOffered
        If it is not installed.
    """
    try:
        from matplotlib import pyplot as plt
    except ImportError as error:
        raise NotOffered(
            "matplotlib is not installed.", hint='Install it: pip install "esap-jupyter[plots]"'
        ) from error
    return plt


def wants_density(rows: int, asked: dict[str, Any]) -> bool:
    """Whether there are more rows than points can show, and nobody asked for points."""
    return rows > MOST_POINTS and not _OF_POINTS & set(asked)


def scatter(table: Table, ax: Any, across: Any, up: Any, asked: dict[str, Any], **fixed: Any) -> Any:
    """Draw points; ``c`` may name a column, which then has a colour bar."""
    options: dict[str, Any] = {
        "s": 6 if len(across) > 300 else 14,
        "linewidths": 0,
        "rasterized": len(across) > MOST_POINTS,
    }
    options |= asked | fixed
    named = options.get("c")
    by_column = isinstance(named, str) and named in table.columns
    if by_column:
        options["c"] = drawable(table, str(named))
        options.setdefault("cmap", f"{COLOURS}_r" if _is_magnitude(table, str(named)) else COLOURS)
    drawn = ax.scatter(across, up, **options)
    if by_column:
        # Beside a picture of the sky, which is square, as high as that.
        height = 0.8 if hasattr(ax, "wcs") else 1.0
        bar = ax.figure.colorbar(drawn, ax=ax, label=label_of(table, str(named)), shrink=height)
        if _is_magnitude(table, str(named)):
            bar.ax.invert_yaxis()
    return drawn


def drawable(table: Table, name: str) -> Any:
    """Return a column as floats, or as times.

    Raises
    ------
    InputError
        If there is no such column, or it holds neither.
    """
    if name not in table.columns:
        raise InputError(f"There is no column {name!r}.", hint=f"There are: {', '.join(table.columns)}.")
    field = table.schema.field(name)
    column = table.page(0, table.num_rows, [name]).column(name)
    kind = field.type
    try:
        if (field.metadata or {}).get(b"xtype") == b"timestamp" or pa.types.is_date(kind):
            column = column.cast(pa.timestamp("us"))
        elif not pa.types.is_timestamp(kind):
            return column.cast(pa.float64(), safe=False).to_numpy()
        return column.to_numpy()
    except pa.ArrowException as error:
        raise InputError(f"Column {name!r} holds {kind}, which cannot be drawn.", field=name) from error


def label_of(table: Table, name: str) -> str:
    """Return the name of a column with its unit."""
    unit = (table.schema.field(name).metadata or {}).get(b"unit", b"").decode("utf-8", "replace")
    # A dollar sign would begin a formula.
    return f"{name} [{unit}]".replace("$", r"\$") if unit else name.replace("$", r"\$")


def _is_magnitude(table: Table, name: str) -> bool:
    """Whether brighter is smaller; colours and extinctions are in mag too."""
    said = table.schema.field(name).metadata or {}
    ucd = said.get(b"ucd", b"").decode("utf-8", "replace").lower()
    if ucd:
        return bool(ucd.startswith(("phot.mag", "phys.magabs", "phot_mag", "phys.absmag")))
    return bool(said.get(b"unit", b"") == b"mag" and "mag" in name.lower())
