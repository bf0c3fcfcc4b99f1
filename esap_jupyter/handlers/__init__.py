"""ESAP over HTTP: the Jupyter server extension, its resources under ``/esap/api``, and its events."""
