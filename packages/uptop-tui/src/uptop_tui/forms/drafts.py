"""Third step of a form: what a person has filled in so far → the body to send, or what is wrong. Pure.

A draft begins with what there is (`base`; empty for a new thing) and sends what was changed of it:
a field that this program does not know stays as it is, and so does a secret nobody touched.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from uptop_core.errors import Problem
from uptop_tui.forms.dates import read_zone
from uptop_tui.forms.entries import ABSENT, Entry, entry_of, value_of
from uptop_tui.forms.fields import Field, Shape
from uptop_tui.forms.reading import Setting

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from zoneinfo import ZoneInfo

Entries = dict[str, Entry]
Body = dict[str, Any]


def _everything(form: Form, _: Mapping[str, Entry]) -> Collection[str]:
    return [field.name for field in form.fields]


def _same(body: Body, _: Mapping[str, Entry]) -> Body:
    return body


def _nothing(_: Body) -> list[Problem]:
    return []


def _no_entries(_: Body) -> Entries:
    return {}


class Form(Struct, frozen=True, kw_only=True):
    """What is to be filled in.

    `relevant` names the fields that matter with what was filled in, `made` makes the body of what
    was read, `derived` the entries of fields that a body has not; `judged` says what is wrong with a whole body (advice: the leader has the last word).
    `zone_field` holds the zone of the moments. `places` says at which field a problem is shown
    that names another one.
    """

    title: str
    fields: tuple[Field, ...]
    relevant: Callable[[Form, Mapping[str, Entry]], Collection[str]] = _everything
    made: Callable[[Body, Mapping[str, Entry]], Body] = _same
    derived: Callable[[Body], Entries] = _no_entries
    judged: Callable[[Body], list[Problem]] = _nothing
    zone_field: str = ""
    places: Mapping[str, str] = {}


class Draft:
    """One form as it is being filled in. Of a new thing all fields are sent, of what there is those
    that were changed. `given` are entries to begin with where `base` has nothing.
    """

    def __init__(
        self,
        form: Form,
        base: Body | None = None,
        given: Mapping[str, Entry] | None = None,
        *,
        is_new: bool = False,
    ) -> None:
        self.form = form
        self.base: Body = copy.deepcopy(base or {})
        self.is_new = is_new
        self._fields = {field.name: field for field in form.fields}
        self._given = {**({} if is_new else form.derived(self.base)), **(given or {})}
        unset = Setting()
        self.unset = {one.name: entry_of(one, one.default, unset) for one in form.fields}
        self.begun = self._begin()
        self.entries: Entries = dict(self.begun)

    def fill(self, name: str, entry: Entry) -> None:
        """What stands in a field now."""
        self.entries[name] = entry

    @property
    def changed(self) -> set[str]:
        """The fields in which something else stands than at the beginning."""
        return {name for name, entry in self.entries.items() if entry != self.begun[name]}

    @property
    def relevant(self) -> set[str]:
        """The fields that matter with what was filled in."""
        return set(self.form.relevant(self.form, self.entries))

    def problem(self, name: str, now: float) -> str:
        """What is wrong with one field by itself; empty when nothing is."""
        try:
            self._value(self._fields[name], self._setting(now))
        except ValueError as error:
            return str(error)
        return ""

    def problems(self, now: float) -> dict[str, str]:
        """What is wrong with each field by itself, of those that matter and are sent."""
        asked = self.relevant & self._sent()
        found = {name: self.problem(name, now) for name in self._fields if name in asked}
        return {name: words for name, words in found.items() if words}

    def body(self, now: float) -> Body:
        """What to send. Raises ValueError while there are problems."""
        return self.form.made(self._read(now), self.entries)

    def _read(self, now: float, leave_out: Collection[str] = ()) -> Body:
        body = copy.deepcopy(self.base)
        setting, relevant = self._setting(now), self.relevant
        sent = self._sent() - set(leave_out)
        for field in self.form.fields:
            if field.name not in relevant:
                _take_away(body, field.path)
            elif field.name in sent:
                value = self._value(field, setting)
                if value is ABSENT or (value == field.default and not field.required):
                    _take_away(body, field.path)
                else:
                    _put(body, field.path, value)
        return body

    def advice(self, now: float) -> dict[str, str]:
        """What is wrong with the whole as far as it can be read, by the fields it is shown at."""
        wrong = self.problems(now)
        at, _ = self.placed(self.form.judged(self._read(now, leave_out=set(wrong))))
        return {name: words for name, words in at.items() if name not in wrong}

    def placed(self, problems: Collection[Problem]) -> tuple[dict[str, str], list[str]]:
        """Problems that the leader tells of, by the fields they belong to; and those of no field."""
        at: dict[str, str] = {}
        loose: list[str] = []
        for problem in problems:
            name, rest = self._place(problem.field)
            words = f"{_entry_words(rest)}{problem.message}"
            if not name:
                loose.append(str(problem))
            elif name in at:
                at[name] += f"; {words}"
            else:
                at[name] = words
        return at, loose

    def rebase(self, base: Body, *, keep: bool) -> Draft:
        """The form of the same thing over what there is of it now; `keep` puts what was changed over that."""
        fresh = Draft(self.form, base)
        if keep:
            for name in self.changed:
                fresh.fill(name, self.entries[name])
        return fresh

    def _sent(self) -> set[str]:
        """The fields whose entries are read; the moments, too, when their zone was changed."""
        if self.is_new:
            return set(self._fields)
        sent = self.changed
        if self.form.zone_field in sent:
            sent |= {one.name for one in self.form.fields if one.shape is Shape.MOMENT}
        return sent

    def _begin(self) -> Entries:
        setting = Setting(zone=self._zone_of(self.base))
        entries: Entries = {}
        for field in self.form.fields:
            value = _look_up(self.base, field.path)
            if value is None and field.name in self._given:
                entries[field.name] = self._given[field.name]
            else:
                shown = field.default if value is None else value
                entries[field.name] = entry_of(field, shown, setting)
        return entries

    def _zone_of(self, base: Body) -> ZoneInfo:
        name = base.get(self.form.zone_field) or self._given.get(self.form.zone_field) or "UTC"
        try:
            return read_zone(str(name))
        except ValueError:
            return Setting().zone

    def _setting(self, now: float) -> Setting:
        name = str(self.entries.get(self.form.zone_field) or "UTC")
        try:
            return Setting(zone=read_zone(name), now=now)
        except ValueError:
            return Setting(now=now)

    def _value(self, field: Field, setting: Setting) -> Any:
        entry = self.entries[field.name]
        if field.name == self.form.zone_field and isinstance(entry, str) and entry:
            read_zone(entry)
        return value_of(field, entry, setting)

    def _place(self, path: str) -> tuple[str, str]:
        """The field that a path belongs to, and what is left of the path; empty for none."""
        for place in (path, self.form.places.get(path, "")):
            name = self._fitting(place)
            if name:
                return name, place[len(name) :]
        return "", ""

    def _fitting(self, path: str) -> str:
        relevant = self.relevant
        fits = [
            name
            for name in self._fields
            if name in relevant and (path == name or path.startswith((f"{name}.", f"{name}[")))
        ]
        return max(fits, key=len, default="")


def _entry_words(rest: str) -> str:
    """What is left of a path behind its field, in words: `[1].text` → `entry 2: `."""
    if rest.startswith("["):
        place, _, _ = rest[1:].partition("]")
        return f"entry {int(place) + 1}: " if place.isdecimal() else ""
    return f"{rest.removeprefix('.')}: " if rest else ""


def _look_up(body: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    for key in path:
        if not isinstance(body, dict) or key not in body:
            return None
        body = body[key]
    return body


def _put(body: Body, path: tuple[str, ...], value: Any) -> None:
    for key in path[:-1]:
        body = body.setdefault(key, {})
    body[path[-1]] = value


def _take_away(body: Body, path: tuple[str, ...]) -> None:
    parents = []
    for key in path[:-1]:
        if not isinstance(body.get(key), dict):
            return
        parents.append((body, key))
        body = body[key]
    body.pop(path[-1], None)
    for parent, key in reversed(parents):
        if parent[key]:
            break
        del parent[key]
