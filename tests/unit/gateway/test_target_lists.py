"""Lists of targets: what people paste, the files that they have, and which line is wrong."""

import pyarrow as pa
import pytest

from esap_jupyter.errors import InputError
from esap_jupyter.gateway.target_lists import parse_targets, read_targets, targets_of_table
from esap_jupyter.models import MOST_TARGETS, Position, Target

PLACE = Position(ra=202.47, dec=47.2)

VOTABLE = """<?xml version="1.0"?>
<VOTABLE version="1.3" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE><TABLE>
<FIELD name="a" datatype="double" unit="deg" ucd="pos.eq.ra;meta.main"/>
<FIELD name="b" datatype="double" unit="deg" ucd="pos.eq.dec;meta.main"/>
<FIELD name="c" datatype="char" arraysize="*" ucd="meta.id;meta.main"/>
<DATA><TABLEDATA><TR><TD>202.47</TD><TD>47.2</TD><TD>M 51</TD></TR></TABLEDATA></DATA>
</TABLE></RESOURCE></VOTABLE>"""


@pytest.mark.parametrize(
    ("text", "targets"),
    [
        ("M 51\n\n# a comment\r\nM 42\nM 51\n", (Target(name="M 51"), Target(name="M 42"))),
        (
            "202.47 +47.2\n13:29:52.7 47:11:43",
            (Target(name="202.47 +47.2"), Target(name="13:29:52.7 47:11:43")),
        ),
        ("ra,dec\n202.47,47.2", (Target(position=PLACE),)),
        ("Name;RAJ2000;DEJ2000\nM 51;202.47;47.2", (Target(name="M 51", position=PLACE),)),
        ("\ufeffra\tdec\tname\n202.47\t47.2\tM 51", (Target(name="M 51", position=PLACE),)),
        (
            'name,ra,dec\n"M 51, the Whirlpool",202.47,47.2',
            (Target(name="M 51, the Whirlpool", position=PLACE),),
        ),
        ("202.47, 47.2, M 51", (Target(name="M 51", position=PLACE),)),
        (VOTABLE, (Target(name="M 51", position=PLACE),)),
    ],
)
def test_lists_as_people_have_them(text: str, targets: tuple[Target, ...]) -> None:
    assert parse_targets(text) == targets


def test_sexagesimal_columns_are_hours_and_degrees() -> None:
    [target] = parse_targets("ra,dec\n13:29:52.7,+47:11:43")
    assert target.position is not None
    assert target.position.ra == pytest.approx(202.469583, abs=1e-6)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("M 51\n\n400 +10", "Line 3: The longitude"),
        ("M 51\n12:99:00 +10:00:00", "Line 2:"),
        ("# mine\nra,dec\n10,20\n10,95", "Line 4: The latitude"),
        ("ra,dec,name\n10,20,a\n10", "Line 3: has only 1 columns"),
        ("ra,dec\n10,", "Line 2: has no position"),
        ("ra,dec\nten,20", "Line 2: 'ten' and '20' are no coordinates"),
        ("x" * 201, "Line 1: is longer"),
        ("\n# nothing\n", "no targets"),
        ("<html></html>", "The VOTable cannot be read"),
        ("\n".join(f"{i / 10} 1" for i in range(MOST_TARGETS + 1)), "more than 1,000 targets"),
    ],
)
def test_the_line_that_is_wrong_is_named(text: str, told: str) -> None:
    with pytest.raises(InputError, match=told) as caught:
        parse_targets(text)
    assert caught.value.field == "targets"


def test_a_table_in_other_units_with_a_position_missing() -> None:
    ra = pa.field("right", pa.float64(), metadata={"unit": "hourangle", "ucd": "pos.eq.ra"})
    dec = pa.field("Dec", pa.float32(), metadata={"ucd": "pos.eq.dec"})
    schema = pa.schema([ra, dec])
    [target] = targets_of_table(pa.table([[1.0], [2e-6]], schema=schema))
    assert target.position is not None
    assert (target.position.ra, target.position.dec) == pytest.approx((15, 2e-6))
    with pytest.raises(InputError, match="Row 2: has no position"):
        targets_of_table(pa.table([[1.0, None], [2.0, 3.0]], schema=schema))
    with pytest.raises(InputError, match="no columns of right ascension"):
        targets_of_table(pa.table({"x": [1]}))
    assert targets_of_table(pa.table({"name": ["M 51"]})) == (Target(name="M 51"),)


def test_files_by_their_suffix(tmp_path) -> None:
    (tmp_path / "list.txt").write_text("M 51\n")
    (tmp_path / "list.vot").write_text(VOTABLE)
    (tmp_path / "list.dat").write_bytes(b"\xff\xfe\x00")
    assert read_targets(tmp_path / "list.txt") == (Target(name="M 51"),)
    assert read_targets(tmp_path / "list.vot") == (Target(name="M 51", position=PLACE),)
    with pytest.raises(InputError, match=r"list\.dat is no text"):
        read_targets(tmp_path / "list.dat")
    with pytest.raises(InputError, match="cannot be read"):
        read_targets(tmp_path / "missing.txt")
