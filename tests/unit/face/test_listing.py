"""Lists as people see them, in a notebook, a terminal and a script."""

import inspect
import re

import pytest

from esap_jupyter import gateway
from esap_jupyter.cli import output
from esap_jupyter.face import basket, datalake, jobs, progress, verbs
from esap_jupyter.face.listing import Listing, columns_of, format_bytes
from esap_jupyter.models import Link, Progress, ServiceStatus


def _statuses() -> Listing[ServiceStatus]:
    return Listing(
        [
            ServiceStatus(
                name="archive", title="<b>The</b> archive", connector="vo", answers=True, seconds=0.25
            ),
            ServiceStatus(name="lake", title="", connector="rucio", answers=False, detail="It is down."),
        ],
        nothing="No services.",
    )


def test_a_listing_is_a_list() -> None:
    statuses = _statuses()

    assert [status.name for status in statuses] == ["archive", "lake"]
    assert statuses[1:][0].name == "lake"
    assert isinstance(statuses[:1], Listing)


def test_text_is_aligned_and_leaves_empty_columns_out() -> None:
    lines = repr(_statuses()).splitlines()

    assert lines[0].split() == ["name", "title", "answers", "detail"]
    assert lines[1].index("<b>") == lines[0].index("title")
    assert "yes, 0.25 s" in lines[1]
    assert "It is down." in lines[2]


def test_whatever_a_verb_lists_can_be_shown() -> None:
    listed = {
        name: vars(module).get(name) or getattr(gateway, name)
        for module in (verbs, basket, datalake, jobs)
        for name in re.findall(r"-> Listing\[(\w+)\]", inspect.getsource(module))
    }

    assert len(listed) > 10
    assert all(columns_of(kind) for kind in listed.values())


def test_what_services_say_is_escaped_in_a_notebook() -> None:
    shown = _statuses()._repr_html_()

    assert "&lt;b&gt;The&lt;/b&gt; archive" in shown
    assert "<b>" not in shown


def test_what_services_say_does_not_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    links = Listing([Link(id="a", semantics="#this", description="\x1b[2Jgone [red]\u202ered[/nothing]")])

    output.show(links)

    for shown in (repr(links), capsys.readouterr().out):
        assert "[2Jgone [red]" in shown
        assert "\x1b" not in shown
        assert "\u202e" not in shown


def test_a_title_of_a_service_is_no_markup_of_the_bar(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)

    with progress.progress_bar("[/nothing]\x1b]0;owned\x07 M51") as show:
        show(Progress(done=1, total=2))

    shown = capsys.readouterr().err
    assert "[/nothing]" in shown
    assert "\x1b]0;" not in shown


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (Progress(done=2_345, unit="rows"), "2,345 rows"),
        (Progress(done=1_000_000, total=4_000_000, rate=2e6), "1.0 MB of 4.0 MB"),
    ],
)
def test_a_bar_in_a_terminal_counts_what_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], told: Progress, words: str
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "200")

    with progress.progress_bar("M51") as show:
        show(told)

    assert words in capsys.readouterr().err


def test_a_bar_in_a_notebook_is_escaped_and_has_text() -> None:
    halfway = progress._line_of_progress("<b>M51</b>", Progress(done=1_000_000, total=4_000_000, rate=2e6))
    shown = progress.as_output([halfway])
    ended = progress.as_output([progress._line_of_progress("M51", Progress(done=5, unit="rows"))], "ended")

    assert shown["text/plain"] == "<b>M51</b>: [######..................] 1.0 MB of 4.0 MB, 2.0 MB/s"
    assert "<b>" not in shown["text/html"]
    assert "value='0.250'" in shown["text/html"]
    assert ended["text/plain"] == "M51: ended, 5 rows"
    assert "<progress" not in ended["text/html"]


def test_a_long_listing_shows_its_beginning_and_the_command_all(capsys: pytest.CaptureFixture[str]) -> None:
    many = Listing(Link(id="a", semantics="#this", description=f"link {number}") for number in range(1234))

    output.show(many)

    assert "link 99\n… 1,134 more" in repr(many)
    assert many._repr_html_().count("<tr>") == 101
    assert many._repr_html_().endswith("<p>… 1,134 more</p>")
    assert "more" not in repr(many[:100])
    assert "link 1233" in capsys.readouterr().out


def test_an_empty_listing_says_so() -> None:
    assert repr(Listing([], nothing="No services.")) == "No services."
    assert Listing([], nothing="No services.")._repr_html_() == "<p>No services.</p>"


def test_sizes_are_written_for_people() -> None:
    assert format_bytes(1_234_567) == "1.2 MB"
    assert format_bytes(None) == ""
