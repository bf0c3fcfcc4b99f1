"""The rules on a DID: what they are, new ones, and one's own deleted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

import ipywidgets

from esap_jupyter.errors import InputError
from esap_jupyter.face.listing import Listing
from esap_jupyter.models import Rule
from esap_jupyter.widgets.fields import button, labelled
from esap_jupyter.widgets.fold import Fold
from esap_jupyter.widgets.words import muted_html

MOST_COPIES = 99


class Rules(ipywidgets.VBox):
    """What a person sees of the rules on one DID, and a form for a new one.

    Parameters
    ----------
    make, delete : callable
        What the buttons do.

    Attributes
    ----------
    new : Fold
        The form.
    """

    def __init__(self, make: Callable[[], None], delete: Callable[[], None]) -> None:
        self._listing = ipywidgets.HTML()
        self._expression = labelled(
            ipywidgets.Combobox, "RSE expression", placeholder="empty: the site's own RSE"
        )
        self._copies = labelled(ipywidgets.BoundedIntText, "Copies", value=1, min=1, max=MOST_COPIES)
        self._days = labelled(ipywidgets.Text, "Days", placeholder="empty: for ever")
        make_button = button("Make the rule", make, button_style="primary", icon="plus")
        self.new = Fold("New rule", [self._expression, self._copies, self._days, make_button])
        self._own = labelled(ipywidgets.Dropdown, "Rule of mine")
        delete_button = button("Delete the rule", delete, button_style="danger", icon="trash")
        warning = ipywidgets.HTML(muted_html("The copies that it keeps may then be deleted there."))
        self._old = Fold("Delete a rule", [self._own, warning, delete_button])
        super().__init__([self._listing, self.new, self._old])
        self.layout.overflow = "visible"
        self.layout.flex = "none"
        self.hide()

    @property
    def asked(self) -> tuple[str, int, timedelta | None]:
        """RSE expression, copies and lifetime of the rule that the form describes.

        Raises
        ------
        InputError
            If the days are no number.
        """
        return self._expression.value.strip(), self._copies.value, lifetime_of(self._days.value)

    @property
    def chosen(self) -> str:
        """Id of the rule that is to be deleted."""
        return str(self._own.value)

    def offer(self, rses: Sequence[str]) -> None:
        """Offer names of RSEs where one is typed."""
        self._expression.options = tuple(rses)

    def show(self, rules: Sequence[Rule], account: str) -> None:
        """Show the rules; those of the account can be deleted."""
        self.layout.display = None
        self._listing.value = f"<b>Rules</b>{Listing(rules, nothing='There are no rules.')._repr_html_()}"
        own = [rule for rule in rules if rule.account == account]
        self._own.options = [(_line(rule), rule.id) for rule in own]
        self._own.index = 0 if own else None
        self._old.layout.display = None if own else "none"
        self._old.is_open = False
        self.new.is_open = False

    def hide(self) -> None:
        """Show nothing, since there is no DID."""
        self.layout.display = "none"


def lifetime_of(days: str) -> timedelta | None:
    """A lifetime that is typed in days; nothing is for ever.

    Raises
    ------
    InputError
        If it is no number above zero, or beyond all measure.
    """
    text = days.strip()
    if not text:
        return None
    try:
        lifetime = timedelta(days=float(text))
    except (ValueError, OverflowError):
        lifetime = timedelta()
    if lifetime < timedelta(seconds=1):
        raise InputError(
            f"{text!r} is no number of days.", hint="For ever is an empty field.", field="lifetime"
        )
    return lifetime


def _line(rule: Rule) -> str:
    until = f"until {rule.expires_at:%Y-%m-%d}" if rule.expires_at else "for ever"
    copies = f" · {rule.copies} copies" if rule.copies > 1 else ""
    return f"{rule.rse_expression} · {rule.state.lower()}{copies} · {until}"
