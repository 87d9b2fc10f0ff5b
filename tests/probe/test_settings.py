"""What a probe is told from outside."""

from __future__ import annotations

import pytest

from uptop_core.errors import SettingError
from uptop_core.settings import describe, read_settings
from uptop_core.variables import VARIABLES
from uptop_probe.settings import ProbeSettings

ENOUGH = {"UPTOP_NODE_ID": "eu-1", "UPTOP_PEER_URL": "https://leader"}


def read(**more: str) -> ProbeSettings:
    return read_settings(ProbeSettings, ENOUGH | more)


def test_an_id_and_a_peer_are_enough() -> None:
    settings = read(UPTOP_CLUSTER_SECRET="s3cret")
    assert settings.peer_url == ("https://leader",)
    assert (settings.probe_concurrency, settings.probe_spool, settings.probe_refresh) == (
        10,
        50_000,
        30.0,
    )
    assert list(settings.warnings()) == []


def test_several_peers_keep_their_order() -> None:
    settings = read(UPTOP_PEER_URL="https://b/, https://a:8443")
    assert settings.peer_url == ("https://b", "https://a:8443")


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("UPTOP_PEER_URL", "leader:8080", "'leader:8080' is not allowed: a URL such as"),
        ("UPTOP_PEER_URL", "https://a,b", "'https://a,b' is not allowed: a URL such as"),
        ("UPTOP_PEER_URL", ",", "must name at least one leader"),
        ("UPTOP_NODE_ID", "a b", "'a b' is not allowed: 1 to 100 letters"),
        ("UPTOP_CLUSTER_MODE", "leader", "'leader' is not allowed: probe, or nothing"),
        ("UPTOP_CLUSTER_SECRET", "two words", "the value is not allowed: printable ASCII"),
        ("UPTOP_PROBE_CONCURRENCY", "0", "'0' is not allowed: a whole number from 1"),
        ("UPTOP_CANARIES", "example.com:x", "'example.com:x' is not allowed: a host, host"),
        ("UPTOP_NODE_KEY", "two words", "the value is not allowed: printable ASCII"),
        ("UPTOP_TIMINGS", "poll=99", "'poll=99' is not allowed: instance=20 must be at least"),
    ],
)
def test_a_wrong_value_stops_the_start_with_one_line(variable: str, value: str, words: str) -> None:
    with pytest.raises(SettingError) as caught:
        read(**{variable: value})
    assert str(caught.value).startswith(f"{variable}: {words}")
    assert "\n" not in str(caught.value)


def test_what_may_be_meant_and_yet_is_risky_is_warned_of() -> None:
    settings = read(
        UPTOP_PEER_URL="https://a,http://b",
        UPTOP_ALLOW_PRIVATE_TARGETS="yes",
        UPTOP_INSECURE_SKIP_VERIFY="yes",
    )
    assert [warning.split(" is ")[0] for warning, _ in settings.warnings()] == [
        "UPTOP_CLUSTER_SECRET",
        "UPTOP_PEER_URL",
        "UPTOP_ALLOW_PRIVATE_TARGETS",
        "UPTOP_INSECURE_SKIP_VERIFY",
    ]


def test_every_variable_of_a_probe_is_known_to_all_roles() -> None:
    assert {setting.variable for setting in describe(ProbeSettings)} <= VARIABLES
