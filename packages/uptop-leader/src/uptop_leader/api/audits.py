"""`/api/v1/logs`: who did what to which object, when, and from where."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import anyio.to_thread
import msgspec
from msgspec import Meta, Struct

from uptop_core.access_answers import LogList, LogView
from uptop_core.api_bodies import Moment
from uptop_leader.api.access import Role
from uptop_leader.api.answers import tagged
from uptop_leader.api.endpoints import Endpoint
from uptop_leader.api.paging import Cursor, Limit, opened, sealed
from uptop_leader.store.audit import AuditEntry, Wanted
from uptop_leader.times import to_ms

if TYPE_CHECKING:
    from starlette.responses import Response

    from uptop_leader.api.endpoints import Call
    from uptop_leader.api.leader import Leader


class LogQuery(Struct, frozen=True, kw_only=True):
    """Which entries are listed: those of a person, that begin with `what`, about an object of that
    name, at or after `since` and before `until`.
    """

    who: str = ""
    what: str = ""
    about: str = ""
    since: Moment | None = None
    until: Moment | None = None
    limit: Limit = 100
    cursor: Cursor = ""


class _Before(Struct, frozen=True, array_like=True):
    number: Annotated[int, Meta(ge=0, lt=2**62)]


class AuditEndpoints:
    """What admins read of the audit log."""

    def __init__(self, leader: Leader) -> None:
        self._leader = leader

    def endpoints(self) -> list[Endpoint]:
        """The one there is."""
        return [
            Endpoint(
                method="GET", path="/logs", run=self.list_all, topic="logs", role=Role.ADMIN,
                summary="The audit log, the newest first", query=LogQuery, answer=LogList,
                tagged=True,
            ),
        ]  # fmt: skip

    async def list_all(self, call: Call) -> Response:
        """The entries that match the filters."""
        query = call.query
        wanted = Wanted(
            before=opened(query.cursor, _Before).number if query.cursor else None,
            who=query.who,
            what=query.what,
            about=query.about,
            since=None if query.since is None else query.since / 1000,
            until=None if query.until is None else query.until / 1000,
        )
        ask = partial(self._leader.store.audit_log, query.limit + 1, wanted)
        found = await anyio.to_thread.run_sync(ask)
        shown = found[: query.limit]
        more = sealed(_Before(shown[-1].number)) if len(found) > query.limit else None
        body = msgspec.json.encode(LogList(logs=tuple(map(_view, shown)), next=more))
        return tagged(call.request, body, "application/json")


def _view(entry: AuditEntry) -> LogView:
    return LogView(
        number=entry.number,
        at=to_ms(entry.at),
        who=entry.who,
        source=entry.source,
        what=entry.what,
        about=entry.about,
        detail=entry.detail,
    )
