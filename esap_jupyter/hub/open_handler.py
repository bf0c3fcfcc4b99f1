"""``/hub/esap/open?item=...&notebook=...``: a link that starts a person's server and opens an item there."""

from __future__ import annotations

import re
from urllib.parse import quote, urlencode

from jupyterhub.handlers.base import BaseHandler
from jupyterhub.utils import url_path_join
from tornado.httputil import url_concat
from tornado.web import HTTPError, authenticated

from esap_jupyter.models.item_link import ItemLink

_SERVICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_NOTEBOOK = re.compile(r"(?!.*(?:^|/)\.)[^\\\x00-\x1f?#]{1,300}\.ipynb")


class OpenHandler(BaseHandler):
    """Sends the person to their server, which is started if it does not run; JupyterLab asks before it acts.

    Where that is comes from the hub alone: no part of the request can lead elsewhere.
    """

    @authenticated
    def get(self) -> None:
        """Check what is asked for, and go there."""
        item, notebook, service = (self.get_argument(name, "") for name in ("item", "notebook", "service"))
        if item:
            try:
                ItemLink.read(item)
            except ValueError as error:
                raise HTTPError(400, f"This link names no item: {error}.") from None
        if notebook and not _NOTEBOOK.fullmatch(notebook):
            raise HTTPError(400, "This link names no notebook: a path in the home that ends in .ipynb.")
        if service and not _SERVICE.fullmatch(service):
            raise HTTPError(400, "This link names no service.")
        user = self.current_user
        page = url_path_join("lab/tree", quote(notebook.lstrip("/"))) if notebook else "lab"
        wanted = {"esap-item": item, "esap-service": service}
        told = urlencode({name: value for name, value in wanted.items() if value})
        there = url_path_join(user.url, page) + (f"?{told}" if told else "")
        self.redirect(
            url_concat(url_path_join(self.hub.base_url, "spawn", user.escaped_name), {"next": there})
        )


HANDLERS = [(r"/esap/open", OpenHandler)]
