"""The configuration over HTTP: take it out, put it in, apply a document (DESIGN 16)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
from msgspec import Struct
from starlette.responses import Response

from uptop_core.api_answers import Applied
from uptop_leader.api.access import Role, source_of
from uptop_leader.api.answers import flag, json_answer
from uptop_leader.api.bodies import read_body
from uptop_leader.api.endpoints import Endpoint
from uptop_leader.configuration import Actor, ConfigChange, Configuration
from uptop_leader.declared.document import Document, read_text
from uptop_leader.declared.plan import Plan, plan
from uptop_leader.declared.writing import write_backup, write_text
from uptop_leader.refusals import BadRequest

if TYPE_CHECKING:
    from starlette.requests import Request

    from uptop_leader.api.access import Access, Caller
    from uptop_leader.api.endpoints import Call
    from uptop_leader.api.leader import Leader

_LIMIT = 8 * 1024 * 1024


class ApplyQuery(Struct, frozen=True, kw_only=True):
    """Whether what the document does not name goes, and whether to tell the plan only."""

    dry_run: bool = False
    prune: bool = False


class Backups:
    """Export, import, apply. One document is applied at a time."""

    def __init__(self, leader: Leader, access: Access) -> None:
        self._leader = leader
        self._access = access
        self._lock = anyio.Lock()

    async def export(self, request: Request) -> Response:
        """`GET /api/backup/export?redact_secrets=&format=json|yaml`; secrets masked by default."""
        await self._access.person(request, Role.ADMIN)
        redact = flag(request, "redact_secrets", default=True)
        form = request.query_params.get("format", "json")
        if form not in ("json", "yaml"):
            raise BadRequest("format", "must be json or yaml")
        write = write_backup if form == "json" else write_text
        configuration = self._configuration()
        text = await anyio.to_thread.run_sync(lambda: write(configuration, redact=redact))
        headers = {
            "Cache-Control": "no-store",
            "Content-Disposition": f'attachment; filename="uptop-backup.{form}"',
        }
        return Response(text, headers=headers, media_type=f"application/{form}")

    async def take(self, request: Request) -> Response:
        """`POST /api/backup/import`: adds and changes, never removes."""
        caller = await self._access.person(request, Role.ADMIN)
        return await self._apply(request, caller, prune=False, dry_run=False)

    def endpoints(self) -> list[Endpoint]:
        """What of this belongs to `/api/v1`."""
        return [
            Endpoint(
                method="POST", path="/apply", run=self.apply, topic="apply", role=Role.EDITOR,
                summary="Make the configuration as a document says", query=ApplyQuery,
                document=True, media=("application/yaml", "application/json"), answer=Applied,
            ),
        ]  # fmt: skip

    async def apply(self, call: Call) -> Response:
        """The YAML or JSON document of `uptop-leader apply`: checked whole, then applied at once."""
        query: ApplyQuery = call.query
        return await self._apply(
            call.request, call.caller, prune=query.prune, dry_run=query.dry_run
        )

    async def _apply(
        self, request: Request, caller: Caller, *, prune: bool, dry_run: bool
    ) -> Response:
        document = _document(await read_body(request, _LIMIT))
        actor = Actor(name=caller.name, source=source_of(request, self._access.trusted))
        version = None
        async with self._lock:
            if dry_run:
                planned = await anyio.to_thread.run_sync(
                    lambda: plan(self._configuration(), document, prune=prune)
                )
            else:
                planned, version = await self._write(document, prune, actor)
        return json_answer(
            Applied(
                changed=not planned.is_empty(),
                dry_run=dry_run,
                version=None if planned.is_empty() else version,
                plan=tuple(planned.lines),
            )
        )

    async def _write(self, document: Document, prune: bool, actor: Actor) -> tuple[Plan, int]:
        """Plan and write in one transaction, so that nobody's change comes between."""
        made: list[Plan] = []

        def edit(configuration: Configuration) -> ConfigChange:
            made.append(plan(configuration, document, prune=prune))
            return made[-1].change

        version = await self._leader.edit(edit, actor)
        return made[-1], version

    def _configuration(self) -> Configuration:
        leader = self._leader
        return Configuration(
            monitors=tuple(leader.monitors.values()),
            channels=tuple(leader.channels.values()),
            maintenances=tuple(leader.calendar.maintenances),
        )


def _document(body: bytes) -> Document:
    try:
        return read_text(body.decode(), "")
    except UnicodeDecodeError:
        raise BadRequest("", "the document is not UTF-8") from None
