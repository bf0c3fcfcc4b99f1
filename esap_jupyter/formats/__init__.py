"""Bytes to Arrow and back: VOTable, FITS, Parquet, CSV, astropy tables; no network, each usable alone."""
