"""What a node asks of a leader: one method per question. The errors are those of `exchange`."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from uptop_core.errors import LeaderAway
from uptop_core.escaping import escape
from uptop_core.exchange import ANSWER_LIMIT, DEADLINE_S, WORDS_LIMIT, Exchange, open_http
from uptop_core.wire import (
    POLL_HEADER,
    SIGHTING_HEADER,
    Assignment,
    Assignments,
    Health,
    PeerPoll,
    PeerSighting,
    Recheck,
    Registered,
    Registration,
    ResultsAnswer,
    ResultsBatch,
)

__all__ = ["ANSWER_LIMIT", "DEADLINE_S", "Fetched", "LeaderClient"]


class Fetched(Struct, frozen=True, kw_only=True):
    """Assignments as fetched, with the ETag to ask with again. `skipped` names the monitors that
    this version cannot read, because a newer leader sent them.
    """

    assignments: Assignments
    etag: str | None
    skipped: tuple[str, ...] = ()


class _Given(Struct, frozen=True):
    """Assignments on the wire, to be read one by one. Without `monitors` they are those that are
    known; where none are, it is no answer."""

    monitors: tuple[msgspec.Raw, ...] | None = None
    recheck: tuple[Recheck, ...] = ()


class _Name(Struct, frozen=True):
    id: str = "?"
    name: str = ""


class LeaderClient(Exchange):
    """Asks one leader as a node, or the other leader of a pair, does. See `Exchange`."""

    async def register(self, registration: Registration) -> Registered:
        """Make this node known; LeaderRefused 409 when another live instance has its id."""
        body = msgspec.json.encode(registration)
        return self._read(await self._post("/api/probe/register", body), Registered)

    async def assignments(
        self,
        node_id: str,
        *,
        instance: str = "",
        etag: str | None = None,
        known: tuple[Assignment, ...] | None = None,
        wait_s: float = 0.0,
    ) -> Fetched | None:
        """What the node is to run; None when that is what `etag` names. The leader holds the
        answer for up to `wait_s` seconds while nothing changes. `known` are the monitors that
        came with `etag`: where only rechecks have changed, they need not be sent again.
        """
        params = {"node_id": node_id}
        if instance:
            params["instance"] = instance
        if wait_s > 0:
            params["wait"] = f"{wait_s:g}"
        if etag and known is not None:
            params["partly"] = "true"
        headers = {"If-None-Match": etag} if etag else {}
        answer = await self._ask(
            "GET", "/api/probe/assignments", params=params, headers=headers, wait_s=wait_s
        )
        if answer.status == 304 and etag:
            return None
        given, following = self._read(answer, _Given), answer.headers.get("ETag")
        if given.monitors is not None:
            return _fetched(given.monitors, given.recheck, following)
        if known is None or "partly" not in params:
            raise self._odd()
        assignments = Assignments(monitors=known, recheck=given.recheck)
        return Fetched(assignments=assignments, etag=following)

    async def report(self, batch: ResultsBatch) -> ResultsAnswer:
        """Hand over results. Only what this returns is an acknowledgement."""
        answer = self._read(
            await self._post("/api/probe/results", msgspec.json.encode(batch)), ResultsAnswer
        )
        if not answer.ok:
            raise LeaderAway(self.url, "it did not acknowledge the results")
        return answer

    async def health(
        self, *, anew: bool = False, told: PeerPoll | PeerSighting | None = None
    ) -> Health:
        """What the node says of itself, also when that is 503; with `anew` on a connection that
        is made for this question. `told` is what it is told with it.
        """
        headers = {}
        if told is not None:
            name = POLL_HEADER if isinstance(told, PeerPoll) else SIGHTING_HEADER
            headers[name] = msgspec.json.encode(told).decode("ascii")
        if not anew or not self._owned:
            answer = await self._ask("GET", "/api/health", headers=headers)
        else:
            async with open_http(self._verify, kept=0) as http:
                answer = await self._ask("GET", "/api/health", headers=headers, http=http)
        if answer.status == 503:
            try:
                return msgspec.json.decode(answer.body, type=Health)
            except msgspec.DecodeError:
                pass
        return self._read(answer, Health)

    async def date(self) -> str:
        """The moment that the node says it is, in whole seconds, as HTTP writes it; empty if none."""
        answer = await self._ask("GET", "/api/health")
        return str(answer.headers.get("Date", ""))


def _fetched(
    raws: tuple[msgspec.Raw, ...], rechecks: tuple[Recheck, ...], etag: str | None
) -> Fetched:
    monitors: list[Assignment] = []
    skipped: list[str] = []
    for raw in raws:
        try:
            monitors.append(msgspec.json.decode(raw, type=Assignment))
        except msgspec.DecodeError as error:
            skipped.append(f"{_name(raw)}: {error}")
    assignments = Assignments(monitors=tuple(monitors), recheck=rechecks)
    return Fetched(assignments=assignments, etag=etag, skipped=tuple(skipped))


def _name(raw: Any) -> str:
    try:
        monitor = msgspec.json.decode(raw, type=_Name)
    except msgspec.DecodeError:
        return "?"
    return escape(monitor.name or monitor.id, WORDS_LIMIT)
