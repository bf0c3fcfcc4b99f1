"""A name resolver for a closed network: the Messier objects and the demo's own, the way Sesame answers.

Sesame (https://cds.unistra.fr/cgi-bin/Sesame) is asked ``<base>/-oxp/SNV?<name>`` or ``<base>/~SNV?<name>``:
the options before the databases say plain text (``-oI``, the default) or XML (``-ox``, ``-oxp``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from urllib.parse import unquote_plus
from xml.sax.saxutils import escape, quoteattr

from tornado.web import RequestHandler

from esap_jupyter.demo.messier import MessierObject, messier_objects


def find(name: str) -> MessierObject | None:
    """The object of this name, whatever its case and blanks."""
    return _names().get(_key(name))


@cache
def _names() -> dict[str, MessierObject]:
    return {_key(name): one for one in messier_objects().values() for name in _names_of(one)}


def _names_of(one: MessierObject) -> Iterator[str]:
    number = one.name.removeprefix("M")
    yield from (one.name, f"Messier {number}", f"Messier{number}", *one.names)
    if one.ngc:
        yield one.ngc
    yield f"ESAP demo {one.name}"


def _key(name: str) -> str:
    key = re.sub(r"[^a-z0-9]", "", name.lower())
    # M051 and NGC0224 are ways to write M51 and NGC 224.
    return re.sub(r"^(m|messier|ngc|ic)0+(?=\d)", r"\1", key)


class SesameHandler(RequestHandler):
    """/sesame/<options>/<databases>?<name>."""

    def get(self, options: str) -> None:
        """Answer as text or as XML."""
        name = unquote_plus(self.request.query).strip()
        found = find(name)
        if "-ox" in options.replace("/", ""):
            self.set_header("Content-Type", "text/xml; charset=UTF-8")
            self.finish(_xml(name, found))
        else:
            self.set_header("Content-Type", "text/plain; charset=UTF-8")
            self.finish(_text(name, found))


def _xml(name: str, found: MessierObject | None) -> str:
    if found is None:
        inside = "<INFO>*** Nothing found *** </INFO>"
    else:
        aliases = "".join(f"<alias>{escape(alias)}</alias>" for alias in (found.ngc, *found.names) if alias)
        inside = (
            '<Resolver name="D=ESAP demo: Messier objects">'
            f"<otype>{escape(found.otype)}</otype>"
            f"<jpos>{_sexagesimal(found)}</jpos>"
            f"<jradeg>{found.ra:.6f}</jradeg><jdedeg>{found.dec:.6f}</jdedeg>"
            f"<oname>{escape(found.name)}</oname>{aliases}</Resolver>"
        )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Sesame><Target option={quoteattr('D')}><name>{escape(name)}</name>\n{inside}\n</Target></Sesame>\n"
    )


def _text(name: str, found: MessierObject | None) -> str:
    lines = [f"# {' '.join(name.split())}\t#Q1"]
    if found is None:
        lines += ["#!SIMBAD: Nothing found", "#====Done===="]
    else:
        lines += [
            "#=D=ESAP demo: Messier objects:     1     0ms",
            f"%C.0 {found.otype}",
            f"%J {found.ra:.6f} {found.dec:+.6f} = {_sexagesimal(found)}",
            f"%I.0 {found.name}",
            *(f"%I {alias}" for alias in (found.ngc, *found.names) if alias),
            "#====Done====",
        ]
    return "\n".join(lines) + "\n"


def _sexagesimal(found: MessierObject) -> str:
    hours, minutes, seconds = _parts(found.ra / 15, 2)
    degrees, arcminutes, arcseconds = _parts(abs(found.dec), 1)
    sign = "-" if found.dec < 0 else "+"
    return (
        f"{hours:02d}:{minutes:02d}:{seconds:05.2f} {sign}{degrees:02d}:{arcminutes:02d}:{arcseconds:04.1f}"
    )


def _parts(value: float, digits: int) -> tuple[int, int, float]:
    total = round(value * 3600, digits)
    return int(total // 3600), int(total % 3600 // 60), total % 60
