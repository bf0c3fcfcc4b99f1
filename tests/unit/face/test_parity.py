"""Every verb there is, blocking and awaited, with the same arguments and words."""

import inspect
import re
from typing import Any

import pytest

import esap_jupyter
from esap_jupyter import aio, widgets
from esap_jupyter.face import blocking
from esap_jupyter.face.background import Verbs, verb


def _public(module: Any) -> dict[str, Any]:
    """The verbs and groups of verbs of a module, and the verbs of each group."""
    found = {}
    for name, thing in vars(module).items():
        if isinstance(thing, Verbs):
            group = {
                key
                for cls in type(thing).mro()
                for key, value in vars(cls).items()
                if isinstance(value, verb)
            }
            found |= {f"{name}.{key}": getattr(thing, key) for key in group}
        elif not name.startswith("_") and inspect.isfunction(thing) and hasattr(thing, "__wrapped__"):
            found[name] = thing
    return found


def test_every_verb_can_be_awaited_and_has_a_place_on_the_face() -> None:
    assert _public(aio).keys() == _public(blocking).keys()
    assert {name.partition(".")[0] for name in _public(blocking)} <= set(esap_jupyter.__all__)
    assert all(hasattr(esap_jupyter, name) for name in esap_jupyter.__all__)
    assert len(_public(aio)) > 30


@pytest.mark.parametrize("name", sorted(_public(aio)))
def test_both_kinds_of_a_verb_are_the_same_but_for_awaiting(name: str) -> None:
    now, awaited = _public(blocking)[name], _public(aio)[name]

    assert inspect.iscoroutinefunction(awaited)
    assert not inspect.iscoroutinefunction(now)
    assert inspect.signature(now) == inspect.signature(awaited)
    assert now.__doc__
    assert now.__doc__ == awaited.__doc__


@pytest.mark.parametrize("name", sorted(_public(blocking)))
def test_every_verb_says_what_it_takes_and_returns(name: str) -> None:
    verb_ = _public(blocking)[name]
    said, signature = inspect.getdoc(verb_) or "", inspect.signature(verb_)

    parameters = said.partition("Parameters\n----------")[2]
    assert [each for each in signature.parameters if not re.search(rf"\b{each}\b.* : ", parameters)] == []
    if signature.return_annotation != "None":
        assert "Returns\n-------\n" in said


def test_what_panels_keep_and_do_says_what_it_takes() -> None:
    for panel, name in (
        (widgets.SearchPanel, "save"),
        (widgets.SearchPanel, "recall"),
        (widgets.JobsPanel, "cancel_job"),
        (widgets.JobsPanel, "resume"),
        (widgets.JobsPanel, "delete"),
    ):
        assert "Parameters\n----------" in inspect.getdoc(getattr(panel, name))
