"""Small pictures of the demo's images, as PNG."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

EDGE = 256
"""Pixels."""


def make_previews(images: Sequence[Path], directory: Path) -> dict[Path, Path]:
    """Make a picture of each file that has an image, unless it is there; by the file's path."""
    directory.mkdir(parents=True, exist_ok=True)
    made = {}
    for path in images:
        preview = directory / f"{path.stem}.png"
        if not preview.is_file() and not _make(path, preview):
            continue
        made[path] = preview
    return made


def _make(path: Path, preview: Path) -> bool:
    with fits.open(path) as hdus:
        image = hdus[0].data
        if image is None:
            return False
        part = preview.with_suffix(".part")
        part.write_bytes(_png(_stretched(np.asarray(image, dtype=float))))
    part.rename(preview)
    return True


def _stretched(image: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Averaged down, north up, with the stretch of Lupton et al. 1999 (AJ 118, 1406)."""
    step = max(1, image.shape[0] // EDGE)
    edge = image.shape[0] // step * step
    small = image[:edge, :edge].reshape(edge // step, step, edge // step, step).mean(axis=(1, 3))[::-1]
    low, high = np.percentile(small, (5, 99.7))
    level = np.clip((small - low) / (high - low), 0, 1)
    return np.asarray(255 * np.arcsinh(10 * level) / np.arcsinh(10), dtype=np.uint8)


def _png(grey: NDArray[np.uint8]) -> bytes:
    """PNG (ISO/IEC 15948), 8 bit grey."""
    height, width = grey.shape
    lines = b"".join(b"\0" + line.tobytes() for line in grey)
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )
