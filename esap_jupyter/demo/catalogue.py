"""The demo's catalogue: a made-up but plausible survey of the Milky Way, somewhat like Gaia's.

How a star is made, with the relations it follows (all rounded; the catalogue is for trying things out, not
for science):

* **place**: a direction at random and a distance, weighted by the density of a thin disc, a thick disc and a
  halo, with the Sun 25 pc above the plane (Juric et al. 2008, ApJ 673, 864);
* **luminosity and colour**: an initial mass (Kroupa 2001, MNRAS 322, 231) and an age under a constant
  rate of star formation. While the star lives on the main sequence, colour, M_G and temperature follow
  from the mass (a coarse reading of the table of Pecaut & Mamajek 2013, ApJS 208, 9); then it is a giant,
  most often of the red clump at M_G = 0.5 (Ruiz-Dern et al. 2018, A&A 609, A116), and finally a cooling white
  dwarf (Mestel 1952, MNRAS 112, 583);
* **extinction**: a layer of dust with a scale height of 125 pc (Parenago 1940), reddening after Casagrande &
  VandenBerg 2018 (MNRAS 479, L102);
* **motion**: rotation of the Galaxy at 232 km/s, velocity ellipsoids of the three populations (Bensby et al.
  2003, A&A 410, 527), the Sun's own motion (Schoenrich et al. 2010, MNRAS 403, 1829);
* **errors**: grow with magnitude as those of Gaia DR3 (Lindegren et al. 2021, A&A 649, A2).

All-sky stars are a random choice of those brighter than G = 17.5. Around each target of the demo there is
a *deep field* to G = 20, and the clusters among the targets have their members: a Plummer sphere of stars of
one age at the cluster's distance, moving together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from esap_jupyter.demo.messier import MessierObject

if TYPE_CHECKING:
    from numpy.random import Generator

Floats = NDArray[np.float64]

SEED = 19700101
ALL_SKY = 110_000
FAINTEST, FAINTEST_DEEP = 17.5, 20.0
BRIGHTEST = 4.0
DEEP_FIELD_STARS = 1800
DEEP_FIELD_RADIUS = 0.18
"""Standard deviation of the stars of a deep field around its centre, deg."""

# Juric et al. 2008, table 10, bias-corrected: scale lengths and heights in pc.
_SUN_RADIUS, _SUN_HEIGHT = 8000.0, 25.0
_THIN, _THICK, _HALO = 0, 1, 2
_THICK_FRACTION, _HALO_FRACTION = 0.12, 0.0051
_CANDIDATES = np.array([0.75, 0.17, 0.08])
_FURTHEST = 30_000.0  # pc
POPULATIONS = np.array(["thin disc", "thick disc", "halo"])

# (sigma_U, sigma_V, sigma_W, asymmetric drift) in km/s: Bensby et al. 2003, table 1.
_MOTION = np.array([[35.0, 20.0, 16.0, -15.0], [67.0, 38.0, 35.0, -46.0], [160.0, 90.0, 90.0, -220.0]])
_ROTATION = 232.0
_SUN_MOTION = np.array([11.1, 12.24, 7.25])
_KM_S_PER_MAS_PC = 4.74047e-3

# Main sequence: initial mass (solar), M_G, BP-RP, effective temperature (K).
_MAIN_SEQUENCE = np.array(
    [
        [0.10, 14.6, 4.40, 2800.0],
        [0.16, 12.3, 3.05, 3060.0],
        [0.37, 10.0, 2.35, 3410.0],
        [0.57, 8.2, 1.84, 3850.0],
        [0.70, 7.0, 1.43, 4440.0],
        [0.88, 5.6, 0.98, 5270.0],
        [1.00, 4.6, 0.82, 5770.0],
        [1.18, 3.9, 0.68, 6170.0],
        [1.60, 2.4, 0.38, 7220.0],
        [2.20, 0.9, -0.03, 9700.0],
        [3.40, -0.6, -0.17, 13000.0],
        [6.00, -1.7, -0.24, 17000.0],
        [18.0, -4.0, -0.43, 31000.0],
    ]
)

# Rows: the Galactic x (centre), y, z axes in ICRS (Hipparcos catalogue, vol. 1, section 1.5.3).
_TO_GALACTIC = np.array(
    [
        [-0.0548755604, -0.8734370902, -0.4838350155],
        [0.4941094279, -0.4448296300, 0.7469822445],
        [-0.8676661490, -0.1980763734, 0.4559837762],
    ]
)


@dataclass(frozen=True, slots=True)
class CatalogueColumn:
    """What a column of the catalogue means: VOUnit, UCD1+ and a sentence."""

    unit: str
    ucd: str
    description: str


COLUMNS: dict[str, CatalogueColumn] = {
    "source_id": CatalogueColumn("", "meta.id;meta.main", "Identifier, unique in this catalogue"),
    "designation": CatalogueColumn("", "meta.id", "Name after the position"),
    "ra": CatalogueColumn("deg", "pos.eq.ra;meta.main", "Right ascension, ICRS, epoch 2016.0"),
    "dec": CatalogueColumn("deg", "pos.eq.dec;meta.main", "Declination, ICRS, epoch 2016.0"),
    "l": CatalogueColumn("deg", "pos.galactic.lon", "Galactic longitude"),
    "b": CatalogueColumn("deg", "pos.galactic.lat", "Galactic latitude"),
    "parallax": CatalogueColumn("mas", "pos.parallax.trig", "Parallax, with its error; may be negative"),
    "parallax_error": CatalogueColumn("mas", "stat.error;pos.parallax.trig", "Error of the parallax"),
    "pmra": CatalogueColumn("mas/yr", "pos.pm;pos.eq.ra", "Proper motion in right ascension, times cos(dec)"),
    "pmra_error": CatalogueColumn("mas/yr", "stat.error;pos.pm;pos.eq.ra", "Error of pmra"),
    "pmdec": CatalogueColumn("mas/yr", "pos.pm;pos.eq.dec", "Proper motion in declination"),
    "pmdec_error": CatalogueColumn("mas/yr", "stat.error;pos.pm;pos.eq.dec", "Error of pmdec"),
    "phot_g_mean_mag": CatalogueColumn("mag", "phot.mag;em.opt", "Mean magnitude in G"),
    "phot_bp_mean_mag": CatalogueColumn("mag", "phot.mag;em.opt.B", "Mean magnitude in BP"),
    "phot_rp_mean_mag": CatalogueColumn("mag", "phot.mag;em.opt.R", "Mean magnitude in RP"),
    "bp_rp": CatalogueColumn("mag", "phot.color;em.opt.B;em.opt.R", "Colour BP-RP"),
    "a_g": CatalogueColumn("mag", "phys.absorption;em.opt", "Extinction in G"),
    "teff": CatalogueColumn("K", "phys.temperature.effective", "Effective temperature"),
    "distance": CatalogueColumn("pc", "pos.distance", "The distance that the star was made at"),
    "population": CatalogueColumn("", "src.class", "thin disc, thick disc, halo, or the name of a cluster"),
    "variable": CatalogueColumn("", "src.var", "Whether the brightness varies"),
    "n_obs": CatalogueColumn("", "meta.number", "Number of observations"),
}


@dataclass(slots=True)
class _Stars:
    """Stars before anyone observed them; `population` is an index of POPULATIONS."""

    direction: Floats
    distance: Floats
    absolute_g: Floats
    colour: Floats
    teff: Floats
    population: NDArray[np.int64]
    extinction: Floats

    def apparent_g(self) -> Floats:
        magnitude: Floats = self.absolute_g + 5 * np.log10(self.distance) - 5 + self.extinction
        return magnitude

    def take(self, which: NDArray[np.int64]) -> _Stars:
        return _Stars(*(getattr(self, name)[which] for name in self.__slots__))


def make_sources(targets: Sequence[MessierObject], *, all_sky: int = ALL_SKY) -> pa.Table:
    """Make the whole catalogue, sorted by declination; the same one every time.

    Parameters
    ----------
    all_sky : int
        Stars outside the deep fields.
    """
    rng = np.random.default_rng(SEED)
    candidates = _all_sky(rng, 12 * all_sky)
    parts = [_observed(_field_stars(rng, candidates, all_sky, FAINTEST), rng)]
    for target in targets:
        around = _around(rng, target, 60_000)
        parts.append(_observed(_field_stars(rng, around, DEEP_FIELD_STARS, FAINTEST_DEEP), rng))
        if target.otype in {"GlC", "OpC"}:
            parts.append(_cluster_members(rng, target))
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = np.argsort(columns["dec"], kind="stable")
    return _as_table({name: values[order] for name, values in columns.items()})


def write_sources(sources: pa.Table, path: Path) -> None:
    """Write the catalogue as Parquet."""
    pq.write_table(sources, path, compression="zstd", row_group_size=20_000)


def _all_sky(rng: Generator, count: int) -> Floats:
    z = rng.uniform(-1, 1, count)
    lon = rng.uniform(0, 2 * np.pi, count)
    across = np.sqrt(1 - z**2)
    return np.stack([across * np.cos(lon), across * np.sin(lon), z])


def _around(rng: Generator, target: MessierObject, count: int) -> Floats:
    offsets = np.radians(rng.normal(0, DEEP_FIELD_RADIUS, (2, count)))
    return _offset_directions(target, offsets)


def _offset_directions(target: MessierObject, offsets: Floats) -> Floats:
    """ICRS unit vectors at tangential offsets (east, north; rad) from the target."""
    centre, east, north = _local_axes(np.radians(target.ra), np.radians(target.dec))
    vectors: Floats = centre[:, None] + east[:, None] * offsets[0] + north[:, None] * offsets[1]
    length: Floats = np.linalg.norm(vectors, axis=0)
    return np.divide(vectors, length)


def _local_axes(ra: Floats | float, dec: Floats | float) -> tuple[Floats, Floats, Floats]:
    """Unit vectors towards a place, and towards east and north there."""
    zero = np.zeros_like(ra)
    centre = np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])
    east = np.stack([-np.sin(ra), np.cos(ra), zero])
    north = np.stack([-np.sin(dec) * np.cos(ra), -np.sin(dec) * np.sin(ra), np.cos(dec)])
    return centre, east, north


def _field_stars(rng: Generator, direction: Floats, wanted: int, faintest: float) -> _Stars:
    """Choose `wanted` stars of the Galaxy that are bright enough, among candidates in these directions.

    Bright stars are seen further away, so a candidate is drawn with a probability proportional to the square
    of the distance to which it is seen, and gets a distance r up to there with probability proportional to r;
    weighted by density times r, the candidates are a magnitude-limited sample.
    """
    count = direction.shape[1]
    population = rng.choice(np.arange(3), count, p=_CANDIDATES)
    absolute_g, colour, teff = _evolved(rng, _masses(rng, count), _ages(rng, population))
    horizon = np.minimum(10 ** ((faintest - absolute_g + 5) / 5), _FURTHEST)
    drawn = rng.choice(count, count, p=horizon**2 / np.sum(horizon**2))
    distance = horizon[drawn] * np.sqrt(rng.uniform(0, 1, count))
    population = population[drawn]
    galactic = _TO_GALACTIC @ direction
    density = np.take_along_axis(_densities(galactic * distance), population[None], axis=0)[0]
    stars = _Stars(
        direction.T,
        distance,
        absolute_g[drawn],
        colour[drawn],
        teff[drawn],
        population,
        _extinction(galactic[2], distance),
    )
    seen = np.flatnonzero((stars.apparent_g() < faintest) & (stars.apparent_g() > BRIGHTEST))
    weight = density[seen] * distance[seen] / _CANDIDATES[population[seen]]
    # Efraimidis & Spirakis 2006: the largest log(u)/w are a weighted sample without replacement.
    keys = np.log(rng.uniform(0, 1, seen.size)) / (weight / weight.max())
    return stars.take(np.sort(seen[np.argsort(keys)[-wanted:]]))


def _densities(place: Floats) -> Floats:
    """Star density of thin disc, thick disc and halo at heliocentric Galactic places (pc), Sun = 1."""
    x, y, z = _SUN_RADIUS - place[0], place[1], place[2] + _SUN_HEIGHT
    radius = np.hypot(x, y)
    thin = np.exp((_SUN_RADIUS - radius) / 2600 - np.abs(z) / 300)
    thick = _THICK_FRACTION * np.exp((_SUN_RADIUS - radius) / 3600 - np.abs(z) / 900)
    halo = _HALO_FRACTION * (_SUN_RADIUS / np.sqrt(radius**2 + (z / 0.64) ** 2 + 500**2)) ** 2.77
    return np.stack([thin, thick, halo])


def _masses(rng: Generator, count: int) -> Floats:
    """Draw from Kroupa's broken power law, 0.1 to 18 solar masses: slope -1.3 below 0.5, -2.3 above."""
    low, middle, high = 0.1, 0.5, 18.0
    below = (low**-0.3 - middle**-0.3) / 0.3
    above = 0.5 * (middle**-1.3 - high**-1.3) / 1.3  # continuous at 0.5
    u = rng.uniform(0, 1, count)
    v = rng.uniform(0, 1, count)
    faint = (low**-0.3 - v * (low**-0.3 - middle**-0.3)) ** (-1 / 0.3)
    bright = (middle**-1.3 - v * (middle**-1.3 - high**-1.3)) ** (-1 / 1.3)
    return np.asarray(np.where(u < below / (below + above), faint, bright))


def _ages(rng: Generator, population: NDArray[np.int64]) -> Floats:
    """Gyr: the thin disc has always formed stars, the others long ago."""
    young = rng.uniform(0.01, 10, population.size)
    return np.asarray(np.where(population == _THIN, young, rng.normal(11, 0.8, population.size)))


def _evolved(rng: Generator, mass: Floats, age: Floats) -> tuple[Floats, Floats, Floats]:
    """M_G, BP-RP and temperature of stars of these initial masses (solar) and ages (Gyr)."""
    lifetime = 10 * mass**-2.5
    table = _MAIN_SEQUENCE
    absolute_g = np.interp(np.log(mass), np.log(table[:, 0]), table[:, 1])
    colour = np.interp(np.log(mass), np.log(table[:, 0]), table[:, 2])
    teff = np.interp(np.log(mass), np.log(table[:, 0]), table[:, 3])
    # Half of the stars have a companion that adds some light.
    absolute_g -= rng.uniform(0, 0.6, mass.size) * (rng.uniform(0, 1, mass.size) < 0.5)
    absolute_g += rng.normal(0, 0.15, mass.size)
    colour += rng.normal(0, 0.04, mass.size)

    giant = (age > lifetime) & (age <= 1.12 * lifetime)
    clump = rng.uniform(0, 1, mass.size) < 0.6
    climb = 3.2 - rng.exponential(1.6, mass.size)  # M_G along the giant branch
    absolute_g = np.where(giant, np.where(clump, rng.normal(0.5, 0.15, mass.size), climb), absolute_g)
    branch_colour = 1.0 + 0.12 * np.maximum(3.2 - absolute_g, 0) ** 1.2
    giant_colour = np.where(clump, rng.normal(1.22, 0.06, mass.size), branch_colour)
    colour = np.where(giant, giant_colour, colour)
    teff = np.where(giant, np.clip(5300 - 900 * (giant_colour - 0.95), 3300, 5400), teff)

    dwarf = age > 1.12 * lifetime
    cooling = np.maximum(age - 1.12 * lifetime, 0.02)  # Gyr
    dwarf_g = 13.3 + 2.5 * np.log10(cooling)
    absolute_g = np.where(dwarf, dwarf_g + rng.normal(0, 0.3, mass.size), absolute_g)
    dwarf_teff = np.clip(8500 * cooling**-0.4, 4000, 40_000)
    colour = np.where(dwarf, 7000 / dwarf_teff - 0.65 + rng.normal(0, 0.05, mass.size), colour)
    return absolute_g, colour, np.asarray(np.where(dwarf, dwarf_teff, teff))


def _extinction(sin_latitude: Floats, distance: Floats) -> Floats:
    """A_G (mag) through a layer of dust of 125 pc, 0.8 mag per kpc in the plane."""
    steepness = np.maximum(np.abs(sin_latitude), 1e-4) * distance / 125
    return np.asarray(np.minimum(0.8 * distance / 1000 * (1 - np.exp(-steepness)) / steepness, 6.0))


def _cluster_members(rng: Generator, target: MessierObject) -> dict[str, NDArray[np.generic]]:
    """Stars of one age, distance and motion around the target, as far as the survey sees them."""
    globular = target.otype == "GlC"
    wanted, core = (700, 1.5) if globular else (450, 14.0)  # arcmin
    mass = _masses(rng, 60_000 if globular else 3_000)
    age = np.full(mass.size, 12.0 if globular else 0.12)
    if globular:
        mass = mass[(mass > 0.8) & (mass < 0.97)]  # what is bright enough to be seen
        age = np.full(mass.size, 12.0)
    absolute_g, colour, teff = _evolved(rng, mass, age)
    distance = np.full(mass.size, target.distance * 1000)
    apparent = absolute_g + 5 * np.log10(distance) - 5
    seen = np.flatnonzero((apparent < FAINTEST_DEEP) & (apparent > BRIGHTEST))[:wanted]
    # Plummer 1911: projected cumulative fraction r^2 / (1 + r^2), cut at ten core radii.
    fraction = rng.uniform(0, 0.99, seen.size)
    radius = np.radians(core / 60) * np.sqrt(fraction / (1 - fraction))
    angle = rng.uniform(0, 2 * np.pi, seen.size)
    direction = _offset_directions(target, np.stack([radius * np.cos(angle), radius * np.sin(angle)]))
    stars = _Stars(
        direction.T,
        distance[seen],
        absolute_g[seen],
        colour[seen],
        teff[seen],
        np.full(seen.size, _HALO if globular else _THIN),
        np.full(seen.size, 0.06 if globular else 0.1),
    )
    observed = _observed(stars, rng, cluster=target)
    observed["population"] = np.full(seen.size, target.name, dtype=object)
    return observed


def _observed(
    stars: _Stars, rng: Generator, cluster: MessierObject | None = None
) -> dict[str, NDArray[np.generic]]:
    """What the survey measures of these stars."""
    ra = np.degrees(np.arctan2(stars.direction[:, 1], stars.direction[:, 0])) % 360
    dec = np.degrees(np.arcsin(np.clip(stars.direction[:, 2], -1, 1)))
    galactic = _TO_GALACTIC @ stars.direction.T
    g = stars.apparent_g()
    reddening = stars.extinction / 2.05
    colour = stars.colour + reddening
    # The colour-colour relation of normal stars, a parabola through Riello et al. 2021, A&A 649, A3.
    bp = g + 0.32 * colour + 0.085 * colour**2
    error = 0.02 + 0.05 * 10 ** (0.33 * (np.maximum(g, 14) - 17))  # mas
    motion = _cluster_motion(cluster, stars.distance.size) if cluster else _proper_motion(stars, rng, ra, dec)
    count = g.size
    return {
        "ra": ra,
        "dec": dec,
        "l": np.degrees(np.arctan2(galactic[1], galactic[0])) % 360,
        "b": np.degrees(np.arcsin(np.clip(galactic[2], -1, 1))),
        "parallax": 1000 / stars.distance + rng.normal(0, error),
        "parallax_error": error.astype(np.float32),
        "pmra": motion[0] + rng.normal(0, error),
        "pmra_error": error.astype(np.float32),
        "pmdec": motion[1] + rng.normal(0, 0.9 * error),
        "pmdec_error": (0.9 * error).astype(np.float32),
        "phot_g_mean_mag": g.astype(np.float32),
        "phot_bp_mean_mag": bp.astype(np.float32),
        "phot_rp_mean_mag": (bp - colour).astype(np.float32),
        "bp_rp": colour.astype(np.float32),
        "a_g": stars.extinction.astype(np.float32),
        "teff": stars.teff.astype(np.float32),
        "distance": stars.distance,
        "population": POPULATIONS[stars.population].astype(object),
        "variable": rng.uniform(0, 1, count) < 0.03,
        "n_obs": rng.integers(150, 600, count, dtype=np.int32),
    }


def _proper_motion(stars: _Stars, rng: Generator, ra: Floats, dec: Floats) -> Floats:
    """Proper motions (mas/yr; east, north) of stars on their way around the Galaxy, as seen from the Sun."""
    place = _TO_GALACTIC @ stars.direction.T * stars.distance
    spread = _MOTION[stars.population].T
    u, v, w = rng.normal(0, 1, (3, stars.distance.size)) * spread[:3]
    v = v + _ROTATION + spread[3]
    # Angle around the Galactic centre between the Sun and the star.
    angle = np.arctan2(place[1], _SUN_RADIUS - place[0])
    velocity = (
        np.stack([u * np.cos(angle) + v * np.sin(angle), v * np.cos(angle) - u * np.sin(angle), w])
        - np.array([0, _ROTATION, 0])[:, None]
    )
    velocity = _TO_GALACTIC.T @ (velocity - _SUN_MOTION[:, None])
    _, east, north = _local_axes(np.radians(ra), np.radians(dec))
    across = np.stack([(velocity * east).sum(axis=0), (velocity * north).sum(axis=0)])
    return np.asarray(across / (_KM_S_PER_MAS_PC * stars.distance))


def _cluster_motion(cluster: MessierObject, count: int) -> Floats:
    """The members move together, at what Gaia measured of M13 and M45 (mas/yr)."""
    measured = {"M13": (-3.15, -2.57), "M45": (19.9, -45.5)}
    return np.repeat(np.array(measured.get(cluster.name, (0.0, 0.0)))[:, None], count, axis=1)


def _as_table(columns: dict[str, NDArray[np.generic]]) -> pa.Table:
    count = len(columns["ra"])
    columns["source_id"] = np.arange(1, count + 1, dtype=np.int64) * 7919 + 4_000_000_000_000
    columns["designation"] = np.array(
        [f"ESAP J{ra:09.5f}{dec:+09.5f}" for ra, dec in zip(columns["ra"], columns["dec"], strict=True)],
        dtype=object,
    )
    described = [
        pa.field(
            name,
            pa.array(columns[name]).type,
            metadata={key: value for key, value in (("unit", meaning.unit), ("ucd", meaning.ucd)) if value}
            | {"description": meaning.description},
        )
        for name, meaning in COLUMNS.items()
    ]
    return pa.table([columns[name] for name in COLUMNS], schema=pa.schema(described))
