"""Fields of forms, and the traits behind them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

import ipywidgets
import traitlets

from esap_jupyter.errors import InputError
from esap_jupyter.face import verbs
from esap_jupyter.face.asked import degrees
from esap_jupyter.models import Position

Field = TypeVar("Field", bound=ipywidgets.Widget)

LABEL_WIDTH = "10em"


def labelled(kind: Callable[..., Field], label: str, about: str = "", **traits: Any) -> Field:
    """Make a field with its label at the left."""
    layout = ipywidgets.Layout(width="100%", max_width="36em")
    field = kind(description=label, layout=layout, **traits)
    field.style.description_width = LABEL_WIDTH
    if about:
        field.tooltip = about
        field.description_allow_html = False
    return field


def button(label: str, deed: Callable[[], None], **traits: Any) -> ipywidgets.Button:
    """Make a button."""
    layout = ipywidgets.Layout(width="auto", align_self="flex-start")
    made = ipywidgets.Button(description=label, layout=layout, **traits)
    made.on_click(lambda _: deed())
    return made


def on_enter(field: ipywidgets.Text, deed: Callable[[], None]) -> None:
    """Have something done when Enter is pressed in a field."""

    def look(_: Any, content: Any, __: Any) -> None:
        if isinstance(content, dict) and content.get("event") == "submit":
            deed()

    field.on_msg(look)


class AngleTrait(traitlets.TraitType[Any, Any]):
    """An angle as text, ``"6 arcmin"``; a number (degrees) or Quantity may be set too."""

    info_text = "an angle, such as '6 arcmin'"

    def validate(self, _: Any, value: Any) -> str:
        """Read it, to be sure that it is one.

        Raises
        ------
        InputError
            If it is not.
        """
        if isinstance(value, str) and value == self.default_value:
            return value
        angle = degrees(value)
        if not 0 < angle <= 180:
            raise InputError(
                f"{value} is no radius.", hint="It is more than 0 and at most 180 deg.", field="radius"
            )
        return value if isinstance(value, str) else f"{angle:.12g} deg"


class TargetTrait(traitlets.TraitType[Any, Any]):
    """A name or coordinates as text; a SkyCoord or Position may be set too."""

    info_text = "a name or coordinates"

    def validate(self, _: Any, value: Any) -> str:
        """Write it as text.

        Raises
        ------
        InputError
            If it is no place on the sky.
        """
        if isinstance(value, str):
            return value
        if isinstance(value, Position):
            return f"{_decimal(value.ra)} {_decimal(value.dec)}"
        icrs = getattr(value, "icrs", None)
        if icrs is None or not icrs.isscalar:
            raise InputError(
                f"{value!r} is no target.",
                hint="Give a name, coordinates as text, or a SkyCoord of one; `targets` has several.",
                field="target",
            )
        ra, dec = float(icrs.ra.deg), float(icrs.dec.deg)
        if not (math.isfinite(ra) and math.isfinite(dec)):
            raise InputError("The coordinates are no numbers (NaN).", field="target")
        return f"{_decimal(ra)} {_decimal(dec)}"


def _decimal(angle: float) -> str:
    """A number of degrees as people write it: no exponent, no zeros at the end."""
    whole, _, decimals = f"{angle:.12f}".partition(".")
    return f"{whole}.{decimals.rstrip('0') or '0'}"


class RowLimitTrait(traitlets.TraitType[Any, Any]):
    """Rows wanted of each service, None for all of it, or "default" for what the configuration says."""

    info_text = "a whole number of rows, None, or 'default'"

    def validate(self, _: Any, value: Any) -> int | str | None:
        """Check it.

        Raises
        ------
        InputError
            If it is none of these.
        """
        if value is None:
            return None
        if value == verbs.DEFAULT:
            return verbs.DEFAULT
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise InputError(
                f"{value!r} is no number of rows.", hint="A whole number, or None for all.", field="row_limit"
            )
        return value

    @staticmethod
    def read(text: str) -> int | str | None:
        """Read what a person typed: a number, "all", or nothing for the default.

        Raises
        ------
        InputError
            If it is none of these.
        """
        typed = text.strip().replace(",", "").lower()
        if typed in ("", "all"):
            return verbs.DEFAULT if not typed else None
        try:
            return int(typed)
        except ValueError:
            raise InputError(
                f"{text!r} is no number of rows.",
                hint='A whole number, "all", or nothing.',
                field="row_limit",
            ) from None

    @staticmethod
    def write(value: int | str | None) -> str:
        """Write it as a person would type it."""
        return "all" if value is None else "" if value == verbs.DEFAULT else str(value)


class Bound:
    """Keeps a trait and a field in step; what is typed but cannot be used is a fault until mended."""

    def __init__(
        self,
        panel: Any,
        trait: str,
        field: Any,
        *,
        read: Callable[[Any], Any] = lambda value: value,
        write: Callable[[Any], Any] = lambda value: value,
    ) -> None:
        self._panel, self._trait, self._field = panel, trait, field
        self._read, self._write = read, write
        self._from_field = False
        self.fault: InputError | None = None
        field.value = write(getattr(panel, trait))
        field.observe(self._on_field, "value")
        panel.observe(self._on_trait, trait)

    def _on_field(self, change: Any) -> None:
        self.fault = None
        self._from_field = True
        try:
            setattr(self._panel, self._trait, self._read(change.new))
        except InputError as error:
            self.fault = error
        finally:
            self._from_field = False

    def _on_trait(self, change: Any) -> None:
        # What a person is typing is left as typed.
        if not self._from_field:
            self.fault = None
            self._field.value = self._write(change.new)
