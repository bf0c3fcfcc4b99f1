"""Connectors: one class for each kind of service."""
