"""Lists as people see them, in a notebook, a terminal and a script."""

from esap_jupyter.face.listing import Listing, format_bytes
from esap_jupyter.models import ServiceStatus


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


def test_what_services_say_is_escaped_in_a_notebook() -> None:
    shown = _statuses()._repr_html_()

    assert "&lt;b&gt;The&lt;/b&gt; archive" in shown
    assert "<b>" not in shown


def test_an_empty_listing_says_so() -> None:
    assert repr(Listing([], nothing="No services.")) == "No services."
    assert Listing([], nothing="No services.")._repr_html_() == "<p>No services.</p>"


def test_sizes_are_written_for_people() -> None:
    assert format_bytes(1_234_567) == "1.2 MB"
    assert format_bytes(None) == ""
