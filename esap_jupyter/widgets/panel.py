"""What all panels share: work in the background, errors in words, and their last state as text."""

from __future__ import annotations

import asyncio
import collections
import concurrent.futures
import functools
import html
import itertools
import logging
from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import Any, TypeVar

import ipywidgets
import traitlets

from esap_jupyter.errors import EsapError
from esap_jupyter.face.background import begin
from esap_jupyter.widgets.deliveries import Deliveries
from esap_jupyter.widgets.presence import Presence, tell_again
from esap_jupyter.widgets.words import error_html, muted_html

log = logging.getLogger(__name__)

T = TypeVar("T")

_STATE_SECONDS = 2.0
# A cell that is run again and again shows the panel anew: the states of the first are left as they are.
_MOST_DISPLAYS = 5
# Beside a panel that is alive its last state as text is of no use.
_ASIDE = (
    "<style>.jp-OutputArea:has(.esap-Panel) .jp-OutputArea-child:has(.esap-LastState)"
    " { display: none }</style>"
)


class Panel(ipywidgets.VBox):
    """A panel; what runs in it never blocks the kernel, and all its displays are in step.

    Attributes
    ----------
    running : bool
        Whether it works; read only.
    error : EsapError, optional
        What went wrong last; read only.
    """

    running = traitlets.Bool(default_value=False, read_only=True)
    error = traitlets.Instance(EsapError, allow_none=True, read_only=True)

    def __init__(self, parts: Sequence[ipywidgets.Widget]) -> None:
        self._deliveries = Deliveries()
        self._states = Deliveries(pause=_STATE_SECONDS)
        self._displays: collections.deque[Any] = collections.deque(maxlen=_MOST_DISPLAYS)
        self._numbers = itertools.count()
        self._main = -1
        self._works: dict[int, concurrent.futures.Future[None]] = {}
        self._alert = ipywidgets.HTML()
        self._remark = ipywidgets.HTML()
        super().__init__(children=[*parts, self._alert, self._remark, Presence(self._tell_all_again)])
        self.add_class("esap-Panel")
        self.layout.overflow = "visible"

    async def finished(self) -> None:
        """Wait until nothing runs in the panel."""
        loop = asyncio.get_running_loop()
        done = asyncio.Event()

        def look(_: Any = None) -> None:
            if not self.running:
                loop.call_soon_threadsafe(done.set)

        self.observe(look, "running")
        try:
            look()
            await done.wait()
        finally:
            self.unobserve(look, "running")

    def cancel(self) -> None:
        """Stop what runs; what has arrived stays."""
        self._stop(self._main)

    def close(self) -> None:
        """Take the panel off the page, and stop what runs in it."""
        for work in list(self._works.values()):
            work.cancel()
        self._deliveries.close()
        self._states.close()
        for part in _parts_of(self):
            part.close()
        super().close()

    def _tell_all_again(self) -> None:
        for part in _parts_of(self):
            tell_again(part)

    # Work

    def _run(self, work: Coroutine[Any, Any, T], ended: Callable[[T], None]) -> None:
        """Do the panel's main work; what still runs is stopped first."""
        self.cancel()
        self._fail(None)
        self.set_trait("running", True)
        self._main = next(self._numbers)
        self._start(self._main, work, ended)

    def _do(self, work: Coroutine[Any, Any, T], ended: Callable[[T], None]) -> int:
        """Do something beside the main work; the number is for `_stop`."""
        number = next(self._numbers)
        self._start(number, work, ended)
        return number

    def _stop(self, number: int) -> None:
        """Stop a work; one that is over is left as it is."""
        work = self._works.get(number)
        if work is not None:
            work.cancel()

    def _start(self, number: int, work: Coroutine[Any, Any, T], ended: Callable[[T], None]) -> None:
        """Start work in the background; `ended` is called in the kernel's loop."""

        async def watched() -> None:
            told: Callable[[], None] | None = None
            try:
                told = functools.partial(ended, await work)
            except EsapError as error:
                told = functools.partial(self._fail, error)
            except Exception as error:
                log.exception("A panel failed unexpectedly")
                told = functools.partial(self._fail, _unexpected(error))
            finally:
                # Cancelled work has cleaned up by now, too.
                self._tell(f"over {number}", functools.partial(self._over, number, told))

        self._works[number] = begin(watched())

    def _over(self, number: int, told: Callable[[], None] | None) -> None:
        self._works.pop(number, None)
        is_last = number == self._main
        try:
            if told is not None:
                told()
        except Exception as error:
            log.exception("A panel could not show what came")
            self._fail(_unexpected(error))
        finally:
            if is_last:
                self.set_trait("running", False)

    def _tell(self, key: str, deed: Callable[[], None]) -> None:
        """Have something done in the kernel's loop, of several with one key the last; from any thread."""

        def tell() -> None:
            deed()
            self._changed()

        self._deliveries.tell(key, tell)

    def _fail(self, error: EsapError | None) -> None:
        self.set_trait("error", error)
        self._alert.value = error_html(error)
        self._remark.value = ""

    def _say(self, text: str) -> None:
        self._remark.value = muted_html(text)

    def _set(self, **traits: Any) -> None:
        for name, value in traits.items():
            if not self.has_trait(name):
                raise TypeError(f"{type(self).__name__} has no trait {name!r}.")
            setattr(self, name, value)

    def _try(self, deed: Callable[[], None]) -> None:
        """Do at once what a person asked for by a click; what is wrong with it is said in the panel."""
        try:
            deed()
        except EsapError as error:
            self._fail(error)

    # As text

    def _state_text(self) -> str:
        """The last state for people."""
        return type(self).__name__

    def _state_html(self) -> str:
        """The same as HTML; everything in it escaped."""
        return f"<pre>{html.escape(self._state_text())}</pre>"

    def __repr__(self) -> str:
        text = self._state_text()
        return f"{text}\n{self.error}" if self.error else text

    def _repr_html_(self) -> str:
        return f"<div class='esap-LastState'>{self._state_html()}{error_html(self.error)}</div>"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {
            "text/plain": repr(self),
            "text/html": self._repr_html_(),
            **self._view_bundle(),
        }

    def _view_bundle(self) -> dict[str, Any]:
        view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        return {"application/vnd.jupyter.widget-view+json": view}

    def _ipython_display_(self) -> None:
        from IPython import get_ipython
        from IPython.display import display

        if getattr(get_ipython(), "kernel", None) is None:
            print(repr(self))  # noqa: T201 - a terminal
            return
        display({"text/plain": type(self).__name__, **self._view_bundle()}, raw=True)
        # For notebooks that are read without a kernel; hidden beside a panel that is alive.
        self._displays.append(display(self._state_bundle(), raw=True, display_id=True))

    def _state_bundle(self) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": _ASIDE + self._repr_html_()}

    def _changed(self) -> None:
        """Have the state that a saved notebook shows follow, some time."""
        if self._displays:
            self._states.tell("state", self._show_state)

    def _show_state(self) -> None:
        bundle = self._state_bundle()
        for each in self._displays:
            each.update(bundle, raw=True)


def _unexpected(error: Exception) -> EsapError:
    return EsapError(
        f"This is a fault of ESAP ({type(error).__name__}).",
        hint="The kernel's log has the details; please report it.",
    )


def _parts_of(box: ipywidgets.Box) -> Iterator[ipywidgets.Widget]:
    for part in box.children:
        if isinstance(part, ipywidgets.Box):
            yield from _parts_of(part)
        yield part
