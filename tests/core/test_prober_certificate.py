"""What a certificate says, read from DER that may be anything."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.listeners import authority
from uptop_core.prober.certificate import NotACertificate, read_certificate

ENDS = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
DER = authority().der(ENDS)


def test_whose_it_is_and_by_whom_and_for_what_is_read() -> None:
    found = read_certificate(DER)
    assert found.subject.startswith("O=") or found.subject.startswith("CN=")
    assert "CN=" in found.issuer or "O=" in found.issuer
    assert found.names == ("der.example",)


def test_the_end_of_a_certificate_is_read() -> None:
    assert read_certificate(DER).end == int(ENDS.timestamp()) * 1000


@pytest.mark.parametrize("year", [1951, 1999, 2000, 2049, 2050, 2222])
def test_both_forms_of_a_time_are_read(year: int) -> None:
    ends = datetime(year, 2, 3, tzinfo=UTC)
    assert read_certificate(authority().der(ends)).end == int(ends.timestamp()) * 1000


def test_a_certificate_cut_short_is_none() -> None:
    for length in range(len(DER)):
        with pytest.raises(NotACertificate):
            read_certificate(DER[:length])


def test_bytes_after_a_certificate_are_not_let_pass() -> None:
    with pytest.raises(NotACertificate):
        read_certificate(DER + b"\0")


@pytest.mark.parametrize(
    "text", [b"311306070809Z", b"310532070809Z", b"3105060708099", b"31050607080 Z"]
)
def test_a_time_that_does_not_exist_is_refused(text: bytes) -> None:
    with pytest.raises(NotACertificate):
        read_certificate(DER.replace(b"310506070809Z", text))


def test_an_end_before_the_beginning_is_refused() -> None:
    with pytest.raises(NotACertificate):
        read_certificate(DER.replace(b"310506070809Z", b"010506070809Z"))


@given(st.binary(max_size=300))
def test_any_bytes_give_an_end_or_the_one_error(data: bytes) -> None:
    _end_or_error(data)


@given(st.integers(0, len(DER) - 1), st.binary(min_size=1, max_size=4))
def test_a_spoilt_certificate_gives_an_end_or_the_one_error(at: int, spoilt: bytes) -> None:
    _end_or_error(DER[:at] + spoilt + DER[at + len(spoilt) :])


def _end_or_error(data: bytes) -> None:
    try:
        assert isinstance(read_certificate(data).end, int)
    except NotACertificate:
        pass
