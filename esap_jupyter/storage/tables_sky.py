"""A table on the sky: its positions, and the picture of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from astropy import units
from astropy.coordinates import SkyCoord

from esap_jupyter.errors import InputError
from esap_jupyter.formats.positions import position_columns, sky_coordinates
from esap_jupyter.storage.tables_plot import COLOURS, import_pyplot, scatter, wants_density

if TYPE_CHECKING:
    from esap_jupyter.storage.tables_view import Table

_WHOLE_SKY = ("aitoff", "hammer", "mollweide")
_PLANE = "tan"
_CELLS = (180, 90)
_MARGIN = 1.08
_PIXELS = 1000


def coordinates_of(table: Table, ra: str | None = None, dec: str | None = None) -> SkyCoord:
    """Make the positions of all rows; see `Table.coordinates`."""
    if ra is not None or dec is not None or len(table.services) < 2:
        columns = position_columns(table.schema, ra, dec)
        return sky_coordinates(table.page(0, table.num_rows, columns.names), columns)
    if table.whole is not table:
        # Sorted rows of the services stand among each other.
        return coordinates_of(table.whole)[table.row_numbers]
    longitudes, latitudes, unknown = [], [], 0
    for service in table.services:
        part = table.of(service)
        try:
            icrs = coordinates_of(part).icrs
        except InputError:
            unknown += 1
            longitudes.append(np.full(part.num_rows, np.nan))
            latitudes.append(np.full(part.num_rows, np.nan))
        else:
            longitudes.append(icrs.ra.deg)
            latitudes.append(icrs.dec.deg)
    if unknown == len(table.services):
        position_columns(table.schema)  # says what is missing
    return SkyCoord(np.concatenate(longitudes), np.concatenate(latitudes), unit="deg", frame="icrs")


def plot_sky(table: Table, *, coordinates: SkyCoord, projection: str, ax: Any, asked: dict[str, Any]) -> Any:
    """Draw where the rows are; see `Table.plot_sky`."""
    pyplot = import_pyplot()
    icrs = coordinates.icrs
    if ax is None:
        ax = _new_axes(pyplot, projection, icrs)
    if ax.name in (*_WHOLE_SKY, "lambert"):
        _draw_whole_sky(table, ax, icrs, asked)
    elif hasattr(ax, "wcs"):
        _draw(table, ax, icrs.ra.deg, icrs.dec.deg, asked, transform=ax.get_transform("icrs"))
        ax.set(xlabel="RA", ylabel="Dec")
    else:
        _draw(table, ax, icrs.ra.deg, icrs.dec.deg, asked)
        ax.set(xlabel="RA [deg]", ylabel="Dec [deg]")
        if not ax.xaxis_inverted():
            ax.invert_xaxis()
    return ax


def _new_axes(pyplot: Any, projection: str, icrs: SkyCoord) -> Any:
    if projection in _WHOLE_SKY:
        figure = pyplot.figure(figsize=(8, 4.4), layout="constrained")
        return figure.add_subplot(projection=projection)
    if projection != _PLANE:
        raise InputError(
            f"There is no projection {projection!r}.",
            hint=f"There are: {', '.join((*_WHOLE_SKY, _PLANE))}.",
            field="projection",
        )
    figure = pyplot.figure(figsize=(5.2, 5), layout="constrained")
    ax = figure.add_subplot(projection=_plane_around(icrs))
    ax.set(xlim=(-0.5, _PIXELS - 0.5), ylim=(-0.5, _PIXELS - 0.5), aspect="equal")
    return ax


def _plane_around(icrs: SkyCoord) -> Any:
    """A world coordinate system whose first pixels hold all positions."""
    from astropy.wcs import WCS

    xyz = icrs.cartesian.xyz.value
    known = xyz[:, np.isfinite(xyz).all(axis=0)]
    middle = known.mean(axis=1) if known.shape[1] else np.array([1.0, 0.0, 0.0])
    ra, dec = np.arctan2(middle[1], middle[0]), np.arctan2(middle[2], np.hypot(middle[0], middle[1]))
    centre = SkyCoord(ra, dec, unit="rad", frame="icrs")
    radius = np.nanmax(centre.separation(icrs).deg, initial=0.01) if known.shape[1] else 0.1
    if radius > 80:
        raise InputError(
            "The rows are too far apart for a plane.",
            hint='Draw the whole sky: projection="aitoff".',
            field="projection",
        )
    half = np.rad2deg(np.tan(np.deg2rad(radius))) * _MARGIN
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [centre.ra.wrap_at(360 * units.deg).deg, centre.dec.deg]
    wcs.wcs.crpix = [(_PIXELS + 1) / 2] * 2
    wcs.wcs.cdelt = [-2 * half / _PIXELS, 2 * half / _PIXELS]
    wcs.array_shape = (_PIXELS, _PIXELS)
    return wcs


def _draw_whole_sky(table: Table, ax: Any, icrs: SkyCoord, asked: dict[str, Any]) -> None:
    from matplotlib.patheffects import withStroke

    # Their longitude grows to the right, from -pi to pi; RA 0 stays in the middle.
    across, up = -icrs.ra.wrap_at(180 * units.deg).rad, icrs.dec.rad
    if wants_density(len(across), asked):
        _draw_density(ax, across, up, asked)
    elif (np.isfinite(across) & np.isfinite(up)).any():
        scatter(table, ax, across, up, asked)
    hours = np.arange(-150, 151, 30)
    ax.set_xticks(np.deg2rad(hours), [f"{-hour % 360}°" for hour in hours])
    ax.tick_params(labelsize="small")
    for label in ax.get_xticklabels():
        # They stand within the picture.
        label.set_path_effects([withStroke(linewidth=2.5, foreground="white", alpha=0.8)])
    ax.set(xlabel="RA", ylabel="Dec")
    ax.grid(visible=True, alpha=0.3, linewidth=0.6)


def _draw_density(ax: Any, across: Any, up: Any, asked: dict[str, Any]) -> None:
    from matplotlib.colors import LogNorm

    counts, edges = _counts_of_equal_areas(across, up)
    if not counts.any():
        return
    options = {"norm": LogNorm(), "cmap": COLOURS, "rasterized": True} | asked
    drawn = ax.pcolormesh(*edges, np.ma.masked_equal(counts.T, 0), **options)
    ax.figure.colorbar(drawn, ax=ax, label="rows", shrink=0.7, pad=0.02)


def _counts_of_equal_areas(across: Any, up: Any) -> tuple[Any, tuple[Any, Any]]:
    edges = np.linspace(-np.pi, np.pi, _CELLS[0] + 1), np.arcsin(np.linspace(-1, 1, _CELLS[1] + 1))
    known = np.isfinite(across) & np.isfinite(up)
    return np.histogram2d(across[known], up[known], edges)[0], edges


def _draw(table: Table, ax: Any, across: Any, up: Any, asked: dict[str, Any], **fixed: Any) -> None:
    if not wants_density(len(across), asked):
        scatter(table, ax, across, up, asked, **fixed)
        return
    places = np.column_stack([across, up])
    places = places[np.isfinite(places).all(axis=1)]
    if fixed and len(places):
        # To pixels of whatever frame the axes have; what they cannot show is not finite there.
        places = (fixed["transform"] - ax.transData).transform(places)
        places = places[np.isfinite(places).all(axis=1)]
    if not len(places):
        return
    options = {"gridsize": 120, "bins": "log", "mincnt": 1, "cmap": COLOURS, "linewidths": 0.1} | asked
    drawn = ax.hexbin(*places.T, **options)
    ax.figure.colorbar(drawn, ax=ax, label="rows")
