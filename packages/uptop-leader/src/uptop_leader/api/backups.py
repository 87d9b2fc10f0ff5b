"""The configuration over HTTP: take it out, put it in, apply a document (DESIGN 16)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal

import anyio
import anyio.to_thread
from msgspec import Struct
from starlette.responses import Response

from uptop_core.api_answers import Applied
from uptop_leader.api.access import Role
from uptop_leader.api.answers import json_answer
from uptop_leader.api.bodies import read_body
from uptop_leader.api.endpoints import Endpoint
from uptop_leader.configuration import Actor, ConfigChange, Configuration
from uptop_leader.declared.document import read_text
from uptop_leader.declared.plan import Plan, plan
from uptop_leader.declared.writing import write_backup, write_text
from uptop_leader.imports.formats import Form, read_import
from uptop_leader.imports.joining import import_plan
from uptop_leader.refusals import BadRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from uptop_leader.api.endpoints import Call
    from uptop_leader.api.leader import Leader

    Planner = Callable[[Configuration], Plan]

_LIMIT = 8 * 1024 * 1024
_YAML, _JSON = "application/yaml", "application/json"


class ApplyQuery(Struct, frozen=True, kw_only=True):
    """Whether what the document does not name goes, and whether to tell the plan only."""

    dry_run: bool = False
    prune: bool = False


class ImportQuery(Struct, frozen=True, kw_only=True):
    """Whether to tell the plan only."""

    dry_run: bool = False


class ExportQuery(Struct, frozen=True, kw_only=True):
    """Whether secrets are masked, and in which form."""

    redact_secrets: bool = True
    format: Literal["json", "yaml"] = "json"


class Backups:
    """Export, import, apply. One document is read and applied at a time: a large one keeps a core
    and a thread busy for seconds, and all of them together would leave none for anybody else.
    """

    def __init__(self, leader: Leader) -> None:
        self._leader = leader
        self._lock = anyio.Lock()

    def endpoints(self) -> list[Endpoint]:
        """What there is to be asked, beside `/api/v1` where older programs ask for it."""
        return [
            Endpoint(
                method="POST", path="/apply", run=self.apply, topic="apply", role=Role.EDITOR,
                summary="Apply a configuration document", query=ApplyQuery,
                document=True, media=(_YAML, _JSON), answer=Applied,
            ),
            Endpoint(
                method="GET", path="/backup/export", prefix="/api", run=self.export,
                topic="backup", role=Role.ADMIN, summary="Export the configuration",
                query=ExportQuery, answer=dict, answer_media=(_JSON, _YAML),
            ),
            Endpoint(
                method="POST", path="/backup/import", prefix="/api", run=self.take,
                topic="backup", role=Role.ADMIN, summary="Import a backup of uptop",
                query=ImportQuery, document=True, media=(_JSON, _YAML), answer=Applied,
            ),
            Endpoint(
                method="POST", path="/import/kuma", prefix="/api", run=self.take_kuma,
                topic="backup", role=Role.ADMIN, summary="Import a backup of Uptime Kuma",
                query=ImportQuery, document=True, media=(_JSON,), answer=Applied,
            ),
        ]  # fmt: skip

    async def export(self, call: Call) -> Response:
        """All monitors, alerts and maintenance as one document, secrets masked unless
        `redact_secrets=false`. Imported back it changes nothing.
        """
        query: ExportQuery = call.query
        write = write_backup if query.format == "json" else write_text
        configuration = self._configuration()
        text = await anyio.to_thread.run_sync(
            lambda: write(configuration, redact=query.redact_secrets)
        )
        headers = {
            "Cache-Control": "no-store",
            "Content-Disposition": f'attachment; filename="uptop-backup.{query.format}"',
        }
        return Response(text, headers=headers, media_type=f"application/{query.format}")

    async def take(self, call: Call) -> Response:
        """What `export` gives, or a backup of the uptop written in Go: adds and changes, never
        removes. A masked secret stays as it is.
        """
        return await self._import(call, "uptop")

    async def take_kuma(self, call: Call) -> Response:
        """Adds and changes, never removes. What has no counterpart is told in the plan, in lines
        that begin with `!`.
        """
        return await self._import(call, "kuma")

    async def apply(self, call: Call) -> Response:
        """The YAML or JSON document of `uptop-leader apply`: checked whole, then applied at once."""
        query: ApplyQuery = call.query
        text = await _text(call)
        async with self._lock:
            document = await anyio.to_thread.run_sync(read_text, text, "")
            return await self._carry_out(
                call, lambda there: plan(there, document, prune=query.prune), dry_run=query.dry_run
            )

    async def _import(self, call: Call, form: Form) -> Response:
        query: ImportQuery = call.query
        text = await _text(call)
        async with self._lock:
            taken = await anyio.to_thread.run_sync(partial(read_import, text, "", form))
            return await self._carry_out(
                call, lambda there: import_plan(there, taken), dry_run=query.dry_run
            )

    async def _carry_out(self, call: Call, planner: Planner, *, dry_run: bool) -> Response:
        version = None
        if dry_run:
            planned = await anyio.to_thread.run_sync(lambda: planner(self._configuration()))
        else:
            planned, version = await self._write(planner, call.actor)
        return json_answer(
            Applied(
                changed=not planned.is_empty(),
                dry_run=dry_run,
                version=None if planned.is_empty() else version,
                plan=tuple(planned.lines),
            )
        )

    async def _write(self, planner: Planner, actor: Actor) -> tuple[Plan, int]:
        """Plan and write in one transaction, so that nobody's change comes between."""
        made: list[Plan] = []

        def edit(configuration: Configuration) -> ConfigChange:
            made.append(planner(configuration))
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


async def _text(call: Call) -> str:
    try:
        return (await read_body(call.request, _LIMIT)).decode()
    except UnicodeDecodeError:
        raise BadRequest("", "the document is not UTF-8") from None
