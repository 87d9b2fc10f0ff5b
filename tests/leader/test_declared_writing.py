"""What is written reads back as the same, whatever stands in it."""

import json
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.leader.declarations import DOCUMENT, applied, planned
from uptop_core.check import Condition
from uptop_core.checks.dns import DnsCheck
from uptop_core.checks.group import GroupCheck
from uptop_core.checks.http import HttpCheck
from uptop_core.checks.port import PortCheck
from uptop_core.checks.push import PushCheck
from uptop_core.monitors import Monitor, NotifySwitches
from uptop_leader.configuration import Configuration
from uptop_leader.declared.document import read_text
from uptop_leader.declared.plan import plan
from uptop_leader.declared.writing import write_backup, write_text

# Lone halves of surrogate pairs are no text; YAML takes other line ends than \n for the same.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
hosts = st.sampled_from(["a.example.com", "b.example.com", "192.0.2.7"])
seconds = st.integers(1, 86_400) | st.floats(1, 86_400)
conditions = st.lists(
    st.builds(
        Condition, text=st.sampled_from(["status < 400", "latency < 2s"]), soft=st.booleans()
    ),
    max_size=3,
).map(tuple)

checks = st.one_of(
    st.builds(
        HttpCheck,
        url=st.sampled_from(["https://a.example.com/x", "http://b.example.com:8080"]),
        method=st.sampled_from(["GET", "POST"]),
        headers=st.dictionaries(st.sampled_from(["X-A", "X-B", "no", "1"]), st.just("${v} ***x")),
        body=texts,
        bearer=texts.filter(lambda text: text.isascii() and text.isalnum()),
        ignore_tls=st.booleans(),
        conditions=conditions,
    ),
    st.builds(PortCheck, hostname=hosts, port=st.integers(1, 65_535), tls=st.booleans()),
    st.builds(DnsCheck, hostname=st.just("a.example.com"), expected=st.just(("192.0.2.7",))),
    st.builds(PushCheck, grace=st.none() | seconds, token=st.uuids().map(str)),
)
switches = st.builds(NotifySwitches, down=st.booleans(), late=st.booleans())


@st.composite
def configurations(draw: st.DrawFn) -> Configuration:
    """Groups in groups, and monitors of every sort in them."""
    all_names = draw(st.lists(names, min_size=1, max_size=6, unique=True))
    groups = draw(st.integers(0, len(all_names)))
    monitors: list[Monitor] = []
    for index, name in enumerate(all_names):
        is_group = index < groups
        above = [one.id for one in monitors[:groups]]
        check: Any = GroupCheck() if is_group else draw(checks)
        written: dict[str, Any] = {}
        if check.runs:
            written = {
                "regions": draw(st.sampled_from([(), ("eu",), ("eu", "no")])),
                "aggregation": draw(st.sampled_from([None, "all-down"])),
                "min_votes": draw(st.integers(1, 3)),
            }
        known = [one.id for one in monitors if not isinstance(one.check, GroupCheck)]
        monitors.append(
            Monitor(
                id=f"00000000-0000-4000-8000-{index:012}",
                name=name,
                check=check,
                interval=float(draw(seconds)),
                max_retries=draw(st.none() | st.integers(0, 3)),
                parent=draw(st.sampled_from([None, *above])),
                depends_on=tuple(draw(st.sampled_from([[], known]))),
                tags=tuple(draw(st.lists(names, max_size=2))),
                description=draw(texts),
                paused=draw(st.booleans()),
                notify=draw(switches),
                remind_every=draw(st.none() | st.integers(60, 10**7) | st.floats(60, 1e7)),
                **written,
            )
        )
    return Configuration(monitors=tuple(monitors))


@pytest.mark.parametrize("write", [write_text, write_backup])
@given(configuration=configurations())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_written_applies_without_a_change(write: Any, configuration: Configuration) -> None:
    for redact in (False, True):
        text = write(configuration, redact=redact)
        assert plan(configuration, read_text(text, "x"), prune=True).lines == ["nothing to change"]


@pytest.mark.parametrize("write", [write_text, write_backup])
@given(configuration=configurations())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_written_makes_the_same_elsewhere(write: Any, configuration: Configuration) -> None:
    made = plan(Configuration(), read_text(write(configuration), "x")).change.put_monitors
    assert {one.id: one for one in made} == {one.id: one for one in configuration.monitors}


def test_only_what_differs_from_the_defaults_is_written() -> None:
    text = write_text(applied("monitors: [{name: a, type: ping, hostname: b, interval: 60}]"))
    assert list(yaml.safe_load(text)["monitors"][0]) == ["name", "id", "type", "hostname"]


def test_a_redacted_text_holds_no_secret() -> None:
    configuration = applied(DOCUMENT)
    for text in (write_text(configuration, redact=True), write_backup(configuration, redact=True)):
        assert not any(secret in text for secret in ("geheim", "hooks.example.com", "token-"))
        assert planned(text, configuration).is_empty()


def test_members_stand_in_their_groups() -> None:
    written = yaml.safe_load(write_text(applied(DOCUMENT)))
    (group,) = (one for one in written["monitors"] if one["type"] == "group")
    assert [one["name"] for one in group["monitors"]] == ["DB", "Backup"]
    assert group["monitors"][1]["depends_on"] == ["API", "DB"]


def test_channels_are_written_by_name_with_their_settings() -> None:
    written = yaml.safe_load(write_text(applied(DOCUMENT)))
    ops = written["alerts"][0]
    del ops["id"]
    assert ops == {
        "name": "ops",
        "type": "webhook",
        "settings": {"url": "https://hooks.example.com/x"},
        "fallback": "mail",
    }
    assert written["monitors"][0]["alerts"] == ["ops"]


def test_a_backup_says_what_it_is() -> None:
    written = json.loads(write_backup(applied(DOCUMENT)))
    assert (written["format"], written["version"]) == ("uptop", 1)
    assert len(written["alerts"]) == 2


def test_nothing_is_written_of_an_empty_configuration_but_the_sections() -> None:
    text = write_text(Configuration())
    assert yaml.safe_load(text) == {"alerts": [], "maintenance": [], "monitors": []}
    assert planned(text).is_empty()
