"""What must be true of every run, whatever was done in it: checked on its records when it is over.

Told at the top of the list of faults: I2, I3, I4, I5, I8 and I9 are checked here over everything
that the leader has written and everything that was received. I10 is tried where addresses are
refused (here all targets are on loopback, which is allowed); I1, I6 and I7 are of a pair, and are
watched while it runs (`pair_watch`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec

from tests.system.api import SECRET
from tests.system.cluster import ENCRYPTION_KEY, Cluster
from tests.system.history import IncidentRecord, NotificationRecord
from tests.system.receiver import Receiver
from uptop_core.wire import NO_PROOF, SECRET_HEADER

_PAGES = (
    "/metrics",
    "/status",
    "/status/json",
    "/api/backup/export",
    *(f"/api/v1/{what}" for what in ("monitors", "nodes", "incidents", "channels", "nothing")),
)
_ENDINGS = {"recovered": "up", "paused": "paused", "deleted": "deleted"}


async def assert_invariants(town: Cluster) -> None:
    """End the run, and look at what it has left."""
    pages = await _pages(town) if town.leader.is_running else {}
    await town.stop()
    _nobody_met_a_bug(town)
    _no_secret_shows(town, pages)
    _beliefs_follow_each_other(town)
    _time_goes_on(town)
    _what_is_down_was_seen_with_proof(town)
    _every_incident_is_told_with_its_transition(town)
    _every_result_has_its_row(town)
    for check in town.at_the_end:
        check()
    for receiver in town.receivers:
        _nothing_is_told_twice_unmarked(receiver, times=2 if town.is_split else 1)


def _nobody_met_a_bug(town: Cluster) -> None:
    """The invariants that are asserted where it is decided, and every fault of our own, are logged."""
    for process in (town.leader, *town.others, *town.probes.values()):
        for sign in ("does not hold, a bug", "Traceback"):
            assert sign not in process.said(), f"{process.name} met a bug:\n{process.tail()}"


def _beliefs_follow_each_other(town: Cluster) -> None:
    for monitor in town.history.beliefs():
        moves = town.history.moves(monitor)
        for (_, reached), (left, _) in pairwise(moves):
            assert reached == left, f"{monitor}: {moves}"


def _time_goes_on(town: Cluster) -> None:
    """I8: no transition became known before the one in front of it, and none rests on a result of
    a node that is older than the one which the transition in front of it rests on.
    """
    known: dict[str, int] = {}
    observed: dict[tuple[str, str], float] = {}
    for record in town.history.transition_records():
        assert record.known_ms >= known.get(record.monitor, 0), f"{record} is numbered too late"
        known[record.monitor] = record.known_ms
        for vote in record.votes:
            pair = record.monitor, vote.node
            assert vote.observed >= observed.get(pair, 0), f"{record} rests on what was known"
            observed[pair] = vote.observed


def _what_is_down_was_seen_with_proof(town: Cluster) -> None:
    """I5: whoever could not prove its own line has said nothing."""
    for incident in town.history.incidents():
        against = [vote for vote in incident.votes if not vote.up and not vote.abstains]
        assert against or not incident.votes, f"nobody saw {incident.name} down: {incident}"
        for vote in against:
            unproven = vote.reason is not None and vote.reason.is_network and vote.proof == NO_PROOF
            assert not unproven, f"{incident.name} is DOWN by {vote}"


def _every_incident_is_told_with_its_transition(town: Cluster) -> None:
    """I2: each beginning and each end has its notification, written at the same moment, or the
    record says why it has none.
    """
    told: dict[tuple[str, str], list[NotificationRecord]] = defaultdict(list)
    flapping: dict[str, int] = {}
    for one in town.history.notifications():
        told[one.subject, one.event].append(one)
        if one.event == "flapping":
            flapping.setdefault(one.monitor, one.created_ms)
    for incident in town.history.incidents():
        if incident.late:
            continue
        is_held = incident.confirmed_ms >= flapping.get(incident.monitor, incident.confirmed_ms + 1)
        begun = {one.created_ms for one in told[incident.id, "down"]}
        held = {incident.confirmed_ms} if incident.untold or is_held else set()
        assert begun | held == {incident.confirmed_ms}, f"the beginning of {incident}: {begun}"
        _assert_end_is_told(incident, told, flapping)


def _assert_end_is_told(
    incident: IncidentRecord,
    told: dict[tuple[str, str], list[NotificationRecord]],
    flapping: dict[str, int],
) -> None:
    ends = {
        (event, one.created_ms) for event in _ENDINGS.values() for one in told[incident.id, event]
    }
    if incident.end_confirmed_ms is None:
        assert not ends, f"an end of {incident} that has none: {ends}"
        return
    wanted = {(_ENDINGS[incident.cause], incident.end_confirmed_ms)}
    is_held = incident.end_confirmed_ms >= flapping.get(
        incident.monitor, incident.end_confirmed_ms + 1
    )
    assert ends == wanted or (not ends and (incident.untold or is_held)), (
        f"the end of {incident}: {ends}"
    )


def _nothing_is_told_twice_unmarked(receiver: Receiver, times: int) -> None:
    """I3: one message per key, unless the outcome of a send was unknown, and then it says so. Of two
    nodes that could not know of each other, one each.
    """
    seen: Counter[str] = Counter()
    for told in receiver.told:
        if told.is_refused:
            continue
        keys = {str(news["key"]) for news in told.news if "key" in news}
        again = [key for key in keys if seen[key] >= times]
        assert told.is_marked or not again, f"told again: {msgspec.json.encode(told.body)!r}"
        seen.update(keys)


def _every_result_has_its_row(town: Cluster) -> None:
    """I4: as many rows of a node as results of it were taken, and as many are missing between
    them as it has said were lost.
    """
    rows = Counter(row.node for row in town.history.results())
    taken: Counter[str] = Counter()
    missing: Counter[str] = Counter()
    for ledger in town.history.ledgers():
        numbers = sum(high - low + 1 for low, high in ledger.ranges)
        taken[ledger.node] += numbers
        missing[ledger.node] += max((high for _, high in ledger.ranges), default=0) - numbers
    for node in taken.keys() | rows.keys():
        assert taken[node] - town.refused <= rows[node] <= taken[node], (
            f"{node}: {rows[node]} rows of {taken[node]} results"
        )
    lost = town.history.lost()
    for node, number in missing.items():
        assert number <= lost.get(node, 0), f"{node}: {number} results are missing, {lost} told"


async def _pages(town: Cluster) -> dict[str, bytes]:
    """What anybody may be shown: with the secret of the cluster, but nothing that asks for them."""
    pages = {}
    for path in _PAGES:
        answer = await town.http.get(f"{town.url}{path}", headers={SECRET_HEADER: SECRET})
        pages[path] = answer.content
    return pages


def _no_secret_shows(town: Cluster, pages: dict[str, bytes]) -> None:
    """I9: no secret in the database, in a log, or on a page; there is an encryption key."""
    places: dict[str, bytes] = {**pages, **dict(_files(town.folder, town.database))}
    for secret in _secrets(town):
        for place, content in places.items():
            assert secret.encode() not in content, f"{place} shows {secret!r}"


def _files(folder: Path, database: Path) -> Iterator[tuple[str, bytes]]:
    for path in (*folder.glob("*.log"), *folder.glob(f"{database.name}*")):
        yield path.name, path.read_bytes()


def _secrets(town: Cluster) -> set[str]:
    admin: Any = town.folder / "uptop-admin-token"
    tokens = {admin.read_text().strip()} if admin.exists() else set()
    hooks = {f"{receiver.url}/" for receiver in town.receivers}
    return {SECRET, ENCRYPTION_KEY, *hooks, *tokens, *town.secrets}
