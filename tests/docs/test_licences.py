"""What the package needs, and what is built into the panels, may be shipped and used with BSD-3-Clause."""

import importlib.metadata
import json
import re
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]

PERMISSIVE = r"0BSD|Apache|BSD|CC0|ISC|MIT|PSF|Python Software Foundation|Unlicense|Zlib"
# Of a library that is imported and not changed, weak copyleft asks nothing of the importer.
FOR_IMPORT = re.compile(rf"{PERMISSIVE}|MPL|Mozilla", re.IGNORECASE)
SHIPPED = re.compile(rf"^\(?({PERMISSIVE})", re.IGNORECASE)


def licence(distribution: importlib.metadata.Distribution) -> str:
    told = distribution.metadata
    classifiers = [each for each in told.get_all("Classifier") or [] if each.startswith("License ::")]
    return told.get("License-Expression") or " ".join(classifiers) or told.get("License") or ""


def needed(name: str, extras: frozenset[str], found: dict[str, str]) -> dict[str, str]:
    """The licences of a distribution and of all that it needs here."""
    name = re.sub("[-_.]+", "-", name).lower()
    if name in found:
        return found
    distribution = importlib.metadata.distribution(name)
    found[name] = licence(distribution)
    for line in distribution.requires or ():
        requirement = Requirement(line)
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            needed(requirement.name, frozenset(requirement.extras), found)
    return found


def test_libraries_that_are_needed() -> None:
    licences = needed("esap-jupyter", frozenset({"lab", "demo"}), {})

    assert len(licences) > 30
    assert not {name: told for name, told in licences.items() if not FOR_IMPORT.search(told)}


def test_what_is_built_into_the_panels() -> None:
    built = ROOT / "esap_jupyter" / "labextension" / "static" / "third-party-licenses.json"
    packages = json.loads(built.read_text(encoding="utf-8"))["packages"]

    assert packages
    assert not [package["name"] for package in packages if not SHIPPED.search(package["licenseId"] or "")]
