"""The forms of values: what each lets through, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptop_core import forms
from uptop_core.dotenv import parse_dotenv
from uptop_core.forms import Form


@pytest.mark.parametrize(
    ("form", "written", "value"),
    [
        (forms.duration(), "30", 30),
        (forms.duration(), "250ms", 0.25),
        (forms.duration(), "1.5H", 5400),
        (forms.duration(), "400d", 400 * 86_400),
        (forms.whole(0), "0", 0),
        (forms.whole(-5, 5), "-5", -5),
        (forms.choice("any-down", "all-down"), "ALL-DOWN", "all-down"),
        (forms.boolean(), "off", False),
        (forms.url(), "https://leader.example:8443/", "https://leader.example:8443"),
        (forms.url(), "http://[::1]:8080/base/", "http://[::1]:8080/base"),
        (forms.several(forms.url()), "http://a,https://b/", ("http://a", "https://b")),
        (forms.several(forms.whole(1)), " 1 , 2 ,", (1, 2)),
    ],
)
def test_what_is_allowed_is_read(form: Form[Any], written: str, value: object) -> None:
    assert form.read(written) == value


@pytest.mark.parametrize(
    ("form", "written"),
    [
        (forms.duration(), "soon"),
        (forms.duration(), "-1s"),
        (forms.duration(), "1w"),
        (forms.duration(), "9" * 400),
        (forms.duration(1, 60), "2m"),
        (forms.whole(1, 10), "11"),
        (forms.whole(1, 10), "1.0"),
        (forms.whole(1, 10), "٣"),
        (forms.boolean(), "maybe"),
        (forms.url(), "leader.example:8080"),
        (forms.url(), "ftp://leader.example"),
        (forms.url(), "http://"),
        (forms.url(), "http://leader:99999"),
        (forms.url(), "http://lea der"),
        (forms.url(), "http://leader/?a=b"),
        (forms.url(), "http://[::1"),
        (forms.several(forms.url()), "http://a,nonsense"),
        (forms.network(), "10.0.0.1/8"),
        (forms.network(), "everywhere"),
    ],
)
def test_what_is_not_allowed_is_refused(form: Form[Any], written: str) -> None:
    with pytest.raises(ValueError, match=r"^$"):
        form.read(written)


def test_a_password_in_a_url_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="without a user name or password"):
        forms.url().read("http://user:hunter2@leader")


@given(st.integers(min_value=1, max_value=10**8))
def test_a_written_duration_reads_as_itself(seconds: int) -> None:
    form = forms.duration()
    assert form.read(form.write(float(seconds))) == seconds


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=b", "b"),
        ("export A = b # words", "b"),
        ("A=b#c", "b#c"),
        ("A=", ""),
        ("A= # nothing", ""),
        ('A="two words" # yes', "two words"),
        (r'A="a\"b\\c\nd"', 'a"b\\c\nd'),
        ("A='$as # it is\\n'", "$as # it is\\n"),
        ("A=p$ss=word", "p$ss=word"),
    ],
)
def test_a_line_of_a_dotenv_file_is_read(line: str, value: str) -> None:
    entries, problems = parse_dotenv(f"# first\n\n{line}\n")
    assert (entries["A"].value, entries["A"].line, problems) == (value, 3, [])


@given(st.text())
def test_no_dotenv_file_breaks_the_reader(content: str) -> None:
    entries, problems = parse_dotenv(content)
    assert len(entries) + len(problems) <= len(content.splitlines())
