"""What proves a node's own line, and whom it asks."""

from __future__ import annotations

import pytest

from uptop_core.canaries import canary, canary_check
from uptop_core.check import Check
from uptop_core.checks.dns import DnsCheck
from uptop_core.checks.http import HttpCheck
from uptop_core.checks.ping import PingCheck
from uptop_core.checks.port import PortCheck
from uptop_core.line import Failure, Reached, Sightings, has_resolved, is_about_names
from uptop_core.outcomes import Outcome, Reason, Timings
from uptop_core.wire import Assignment

UP = Outcome(up=True)
BY_NAME = Outcome(up=True, timings=Timings(dns_ns=5, total_ns=9))
DOWN = Outcome(up=False, reason=Reason.TIMEOUT)


def given(*hosts: str) -> list[Assignment]:
    """A monitor of each host, named like it."""
    return [
        Assignment(id=host, name=host, check=PortCheck(hostname=host, port=443)) for host in hosts
    ]


def sightings(**seen: tuple[float, Outcome]) -> Sightings:
    """Hosts a to f, some of which have been looked at."""
    found = Sightings()
    assignments = given(*"abcdef")
    found.update(assignments)
    for assignment in assignments:
        if assignment.id in seen:
            found.note(assignment, *seen[assignment.id])
    return found


def asked(found: Sightings, *without: str, by_name: bool = False) -> list[str]:
    return [assignment.id for assignment in found.line_up(without, by_name=by_name)]


@pytest.mark.parametrize(
    ("reached", "is_proof"),
    [
        (Reached("other", 100.0), True),
        (Reached("other", 99.9), False),
        (Reached("failed", 101.0), False),
        (Reached(None, 101.0), True),
    ],
    ids=["another host", "begun before", "the same host", "one without a host"],
)
def test_another_host_reached_after_the_failure_is_proof(reached: Reached, is_proof: bool) -> None:
    assert reached.proves(Failure("failed", 100.0)) is is_proof


def test_a_failure_of_names_is_disproved_by_a_name_only() -> None:
    failure = Failure("failed", 100.0, of_names=True)
    assert not Reached("other", 101.0).proves(failure)
    assert Reached("other", 101.0, resolved=True).proves(failure)


@pytest.mark.parametrize(
    ("check", "outcome", "expected"),
    [
        (PortCheck(hostname="a", port=1), Outcome(up=False, reason=Reason.DNS_ERROR), True),
        (PortCheck(hostname="a", port=1), DOWN, False),
        (DnsCheck(hostname="a"), DOWN, True),
        (DnsCheck(hostname="a", dns_server="192.0.2.1"), DOWN, False),
    ],
    ids=["dns_error", "timeout", "no answer of the resolver", "no answer of another server"],
)
def test_what_the_resolver_may_have_failed_is_about_names(
    check: Check, outcome: Outcome, expected: bool
) -> None:
    assert is_about_names(check, outcome) is expected


def test_an_address_reached_has_resolved_nothing() -> None:
    assert not has_resolved(PortCheck(hostname="192.0.2.1", port=1), UP)
    assert has_resolved(PortCheck(hostname="a.example", port=1), BY_NAME)
    assert has_resolved(DnsCheck(hostname="a.example"), UP)
    assert not has_resolved(DnsCheck(hostname="a.example", dns_server="192.0.2.1"), UP)


def test_the_two_hosts_seen_up_last_line_up() -> None:
    found = sightings(a=(1, UP), b=(3, UP), c=(2, UP), d=(4, DOWN))
    assert asked(found) == ["b", "c"]


def test_hosts_that_fail_just_now_do_not_line_up() -> None:
    assert asked(sightings(a=(1, UP), b=(3, UP), c=(2, UP)), "b") == ["c", "a"]


def test_hosts_never_seen_fill_up_and_those_seen_down_do_not() -> None:
    assert asked(sightings(a=(1, UP), b=(2, DOWN), c=(3, DOWN))) == ["a", "d"]


def test_for_a_failure_of_names_those_reached_by_name_come_first() -> None:
    found = sightings(a=(1, BY_NAME), b=(3, UP), c=(2, UP))
    assert asked(found, by_name=True) == ["a", "b"]


def test_the_look_begun_last_counts_in_whatever_order_they_end() -> None:
    found = sightings(a=(5, DOWN), b=(1, UP), c=(1, UP))
    found.note(given("a")[0], 4, UP)
    assert asked(found) == ["b", "c"]


def test_our_own_faults_say_nothing_of_a_host() -> None:
    found = sightings(a=(1, UP), b=(1, UP))
    found.note(given("a")[0], 2, Outcome(up=False, reason=Reason.INTERNAL_ERROR))
    assert asked(found) == ["a", "b"]


def test_what_is_no_longer_assigned_does_not_line_up() -> None:
    found = sightings(a=(3, UP), b=(2, UP), c=(1, UP))
    found.update(given("b", "c"))
    found.note(given("a")[0], 9, UP)
    assert (asked(found), found.hosts) == (["b", "c"], 2)


def test_two_monitors_of_one_host_are_one_host() -> None:
    found = Sightings()
    one = Assignment(id="1", name="1", check=HttpCheck(url="https://example.com/a"))
    two = Assignment(id="2", name="2", check=PortCheck(hostname="example.com", port=22))
    found.update([one, two])
    assert found.hosts == 1


def test_a_canary_is_a_url_a_port_or_a_host() -> None:
    assert canary_check("https://example.com/x") == HttpCheck(
        url="https://example.com/x", accepted_codes="100-599", follow_redirects=0
    )
    assert canary_check("example.com:443") == PortCheck(hostname="example.com", port=443)
    assert canary_check("[2001:db8::1]:53") == PortCheck(hostname="2001:db8::1", port=53)
    assert canary_check("192.0.2.1") == PingCheck(hostname="192.0.2.1")
    assert canary_check("2001:db8::1") == PingCheck(hostname="2001:db8::1")
    assert canary_check("dns.example") == PingCheck(hostname="dns.example")


@pytest.mark.parametrize(
    "written",
    ["ftp://example.com", "https://", "example.com:0", "example.com:x", "example.com:", "a b",
     "https://me:secret@example.com", "me@example.com", "example.com/path", "0x7f.1", "a:1:2"],
)  # fmt: skip
def test_what_can_be_no_canary_is_refused_without_repeating_secrets(written: str) -> None:
    with pytest.raises(ValueError, match=r"^((?!secret).)*$"):
        canary().read(written)
