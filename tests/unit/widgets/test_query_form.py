"""Fields made of JSON Schema."""

import pytest

from esap_jupyter.connectors.rucio.settings import DIDForm
from esap_jupyter.connectors.vo.settings import VOForm
from esap_jupyter.errors import InputError
from esap_jupyter.widgets.query_form import QueryForm


@pytest.fixture
def form():
    made = QueryForm(lambda: None)
    made.describe({"vo": VOForm.model_json_schema(), "lake": DIDForm.model_json_schema()})
    return made


def test_every_field_of_every_service_is_there_with_its_title(form):
    assert set(form.names) == {*VOForm.model_fields, *DIDForm.model_fields}
    titles = {field.description for field in form.children}
    assert {"Calibration level", "Observed after", "Metadata"} <= titles


def test_what_is_filled_in_is_read_as_the_schema_says_and_the_rest_left_out(form):
    form.fill({"calib_level": 2, "wavelength_min": 5e-7, "facility": "HST"})
    assert form.read() == {"calib_level": 2, "wavelength_min": 5e-7, "facility": "HST"}
    VOForm.model_validate(form.read())


def test_what_does_not_fit_is_named(form):
    form.fill({"calib_level": "high"})
    with pytest.raises(InputError, match="Calibration level: 'high' is not a whole number"):
        form.read()


def test_fields_that_stay_keep_what_was_typed(form):
    form.fill({"facility": "HST"})
    form.describe({"vo": VOForm.model_json_schema()})
    assert form.read() == {"facility": "HST"}
    assert "filters" not in form.names


def test_truth_and_choices_are_chosen_from():
    made = QueryForm(lambda: None)
    schema = {
        "properties": {
            "public": {"type": "boolean"},
            "band": {"anyOf": [{"$ref": "#/$defs/Band"}, {"type": "null"}]},
        },
        "$defs": {"Band": {"enum": ["radio", "optical"], "type": "string"}},
    }
    made.describe({"one": schema})
    made.fill({"public": False, "band": "radio"})
    assert made.read() == {"public": False, "band": "radio"}
    assert made.children[1].options == ("", "radio", "optical")


def test_kinds_that_may_be_null_and_lists():
    made = QueryForm(lambda: None)
    made.describe(
        {
            "one": {
                "properties": {
                    "level": {"type": ["integer", "null"]},
                    "bands": {"type": "array", "items": {"type": "string"}},
                    "runs": {"type": ["null", "array"], "items": {"type": "integer"}, "title": "Runs"},
                }
            }
        }
    )
    values = {"level": 2, "bands": ["g", "r"], "runs": [1, 2]}
    made.fill(values)
    assert [field.value for field in made.children] == ["2", "g, r", "1, 2"]
    assert made.read() == values
    made.fill({"runs": "1, x"})
    with pytest.raises(InputError, match="Runs: 'x' is not a whole number"):
        made.read()
