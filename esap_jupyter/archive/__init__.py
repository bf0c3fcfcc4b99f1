"""A VO archive over DuckDB: a person's own tables and files, and the demo's, under the IVOA's protocols."""
