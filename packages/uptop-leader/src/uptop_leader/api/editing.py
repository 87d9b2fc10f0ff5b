"""Creating, replacing, patching and removing one thing that people set up, whichever sort it is.

Every edit goes the way of `apply`: it is made of the configuration as it is in the transaction that
writes it, so that nobody's change comes between, and the engine takes it over at once.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Generic

import msgspec
from starlette.responses import Response

from uptop_core.api_answers import Saved
from uptop_leader.api.access import Role
from uptop_leader.api.answers import json_answer
from uptop_leader.api.endpoints import PREFIX, Endpoint
from uptop_leader.api.versions import etag_of, expect, version_of
from uptop_leader.edits.things import Fresh, T, Thing, add, change, found, merged, remove

if TYPE_CHECKING:
    from msgspec import Struct
    from starlette.requests import Request

    from uptop_leader.api.endpoints import Call
    from uptop_leader.api.leader import Leader
    from uptop_leader.configuration import ConfigChange, Configuration

MERGE = ("application/merge-patch+json", "application/json")


class Editing(Generic[T]):
    """The endpoints that change one sort of thing, at `/{where}` and `/{where}/{id}`."""

    def __init__(self, leader: Leader, thing: Thing[T], where: str, form: type[Struct]) -> None:
        self._leader = leader
        self._thing = thing
        self._where = where
        self._form = form
        self._fresh = Fresh()

    def endpoints(self) -> list[Endpoint]:
        """All four of them."""
        one, name, topic = f"/{self._where}/{{id}}", self._thing.name, self._where
        return [
            Endpoint(
                method="POST", path=f"/{self._where}", run=self.create, topic=topic,
                summary=f"Add a {name}", role=Role.EDITOR, body=self._form, as_sent=True,
                answer=Saved, status=201, tagged=True,
            ),
            Endpoint(
                method="PUT", path=one, run=self.replace, topic=topic,
                summary=f"Replace the settings of a {name}", role=Role.EDITOR, body=self._form,
                as_sent=True, answer=Saved, tagged=True, conditional=True, refuses=(428,),
            ),
            Endpoint(
                method="PATCH", path=one, run=self.patch, topic=topic, media=MERGE,
                summary=f"Change some settings of a {name} by a merge patch", role=Role.EDITOR,
                body=self._form, as_sent=True, answer=Saved, tagged=True, conditional=True,
            ),
            Endpoint(
                method="DELETE", path=one, run=self.delete, topic=topic, conditional=True,
                summary=f"Remove a {name}", role=Role.EDITOR, status=204, refuses=(409,),
            ),
        ]  # fmt: skip

    async def create(self, call: Call) -> Response:
        """`POST`: add one. 201, with its address in `Location`."""
        made: list[T] = []

        def edit(configuration: Configuration) -> ConfigChange:
            made.append(add(self._thing, configuration, call.body, self._fresh))
            return self._thing.put(made[-1])

        version = await self._leader.edit(edit, call.actor)
        return self._saved(made[-1], version, created=True)

    async def replace(self, call: Call) -> Response:
        """`PUT`: replace all settings. `If-Match` says which version is replaced."""
        return await self._change(call, needed=True)

    async def patch(self, call: Call) -> Response:
        """`PATCH`: change the settings that are named."""
        return await self._change(call, needed=False)

    async def _change(self, call: Call, *, needed: bool) -> Response:
        made: list[T] = []

        def edit(configuration: Configuration) -> ConfigChange:
            old = self._expected(configuration, call, needed=needed)
            fields: dict[str, Any] = call.body
            if not needed:
                fields = merged(self._thing.written(old), fields)
            made.append(change(self._thing, configuration, old, fields, self._fresh))
            return self._thing.put(made[-1])

        version = await self._leader.edit(edit, call.actor)
        return self._saved(made[-1], version)

    async def delete(self, call: Call) -> Response:
        """`DELETE`: remove it. Its history stays."""

        def edit(configuration: Configuration) -> ConfigChange:
            old = self._expected(configuration, call, needed=False)
            remove(self._thing, configuration, old)
            return self._thing.drop(old.id)

        await self._leader.edit(edit, call.actor)
        return Response(status_code=HTTPStatus.NO_CONTENT)

    def _expected(self, configuration: Configuration, call: Call, *, needed: bool) -> T:
        """The one that is meant, in the version that is meant."""
        old = found(self._thing, configuration, call.part("id"))
        expect(call.request, self._version(old), self._thing.name, needed=needed)
        return old

    def _version(self, one: T) -> str:
        return version_of(self._leader.store.cluster_id, one)

    def _saved(self, one: T, version: int, *, created: bool = False) -> Response:
        saved = Saved(id=one.id, version=version, settings=self._thing.written(one))
        headers = {"ETag": etag_of(self._version(one))}
        if created:
            headers["Location"] = f"{PREFIX}/{self._where}/{one.id}"
        return json_answer(saved, 201 if created else 200, headers=headers)

    def shown(self, request: Request, one: T, view: Struct) -> Response:
        """A thing as it stands, with an ETag to change it by; 304 for who has just this."""
        body = msgspec.json.encode(view)
        headers = {"Cache-Control": "private, no-cache", "ETag": etag_of(self._version(one), body)}
        known = {part.strip() for part in request.headers.get("if-none-match", "").split(",")}
        if headers["ETag"] in known:
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        return Response(body, headers=headers, media_type="application/json")

    def settings(self, call: Call, one: T) -> dict[str, Any] | None:
        """Its settings, for who may change them."""
        return self._thing.written(one) if call.caller.role >= Role.EDITOR else None
