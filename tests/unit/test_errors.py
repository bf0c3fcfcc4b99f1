"""Errors are read by people, in terminals."""

from esap_jupyter.errors import ServiceFailed
from esap_jupyter.formats.service_text import service_text

HOSTILE = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202egnp.exe\ud800\r done"


def test_what_a_service_says_does_not_steer_the_terminal() -> None:
    error = ServiceFailed(HOSTILE, hint=HOSTILE)

    for text in (str(error), error.message, error.hint, str(error.args), *error._render_traceback_()):
        assert "done" in text
        assert not set("\x1b\x07\x9b\u202e\ud800\r") & set(text)


def test_lines_stay_lines() -> None:
    assert ServiceFailed("Line 1:\n\tSELECT").message == "Line 1:\n\tSELECT"


def test_a_quoted_answer_is_one_plain_line() -> None:
    assert service_text(b"a\n\x1b[2Jb \xe2\x80\xaec") == "a [2Jb c"
