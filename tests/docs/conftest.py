"""The manual as it was built."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / "docs" / "_build" / "html"


@pytest.fixture(scope="session")
def built() -> Path:
    """The directory of the built pages."""
    if not (BUILT / "index.html").is_file():
        pytest.fail("The manual is not built; `make docs` does it.", pytrace=False)
    return BUILT
