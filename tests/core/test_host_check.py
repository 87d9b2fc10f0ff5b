"""Who comes to know what is sent to a URL."""

import pytest

from uptop_core.host_check import origin_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://A.example/x?y", "https://a.example:443/z"),
        ("ws://a.example", "ws://a.example:80/"),
    ],
)
def test_urls_of_one_origin_have_one(one: str, other: str) -> None:
    assert origin_of(one) == origin_of(other)


@pytest.mark.parametrize(
    "other",
    [
        "http://a.example",
        "https://a.example:444",
        "https://b.example",
        "https://a.example.b.example",
        "https://a.example:x",
        "",
    ],
)
def test_urls_of_other_origins_have_others(other: str) -> None:
    assert origin_of("https://a.example") != origin_of(other)
