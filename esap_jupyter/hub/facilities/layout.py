"""Where things are in people's containers, wherever these run."""

from __future__ import annotations

import string

from escapism import escape

HOME = "/home/esap"
GROUPS = f"{HOME}/groups"
SITE_CONFIGURATION = "/etc/xdg/esap"
USER = 1000
"""The user and group that the images run as."""


def group_directory(group: str) -> str:
    """Make of a group, ``/escape/lofar``, a name for files: ``escape.lofar``; two groups never share one."""
    safe = {*string.ascii_letters, *string.digits, "-"}
    return ".".join(escape(part, safe=safe, escape_char="_") for part in group.strip("/").split("/"))
