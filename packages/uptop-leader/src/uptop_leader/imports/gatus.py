"""A configuration of Gatus (YAML) → entries: endpoints, external endpoints, groups, alerts, and the
times in which nobody is told.

Its texts may refer to the environment, as `${NAME}` or `$NAME`; `$$` is a `$`.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from uptop_core.errors import Problem
from uptop_leader.declared.document import Entry
from uptop_leader.imports import gatus_channels
from uptop_leader.imports.gathering import Gathering, Import, NoCounterpart
from uptop_leader.imports.gatus_checks import checks_of
from uptop_leader.imports.gatus_times import maintenance_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from uptop_leader.declared.written import Written
    from uptop_leader.imports.fields import Fields

_READ = ("endpoints", "external-endpoints", "suites", "alerting", "maintenance")
_OWN = (
    "debug", "metrics", "skip-invalid-config-update", "disable-monitoring-lock", "concurrency",
    "security", "storage", "web", "ui", "remote", "connectivity", "tunneling", "announcements",
)  # fmt: skip
_REFERENCE = re.compile(r"\$\$|\$\{(\w+)\}|\$(\w+)", re.ASCII)
_USUAL_FAILURES, _LONGEST_RETRY_S, _SHORTEST_REMINDER_S = 3, 3600, 60
_LONGEST_INTERVAL_S = 86_400
_OF_ENDPOINTS = (
    "name", "group", "url", "enabled", "method", "body", "graphql", "headers", "extra-labels",
    "interval", "conditions", "alerts", "maintenance-windows", "dns", "ssh", "client", "token",
    "heartbeat",
)  # fmt: skip


def read_gatus(written: Written, source: str, environ: Mapping[str, str]) -> Import:
    """What a configuration says; `environ` is where its references are looked up."""
    written.value = {
        section: _expanded(written, section, value, environ) if section in _READ else value
        for section, value in written.value.items()
    }
    gathering = Gathering(written, source)
    top = gathering.fields(written.value)
    _Endpoints(top, gathering).gather()
    if (values := maintenance_of(top.inner("maintenance"))) is not None:
        name = gathering.free_name("maintenances", "Gatus maintenance")
        values = {"name": name, **values, "all": True}
        gathering.maintenances.append(Entry(path="maintenance", values=values))
    for suite in top.rows("suites"):
        gathering.left_out(f"suite {suite.text('name')}", "uptop has no steps that follow another")
    for section in top.named():
        if section not in _READ:
            why = "it is about Gatus itself" if section in _OWN else "Gatus does not know it either"
            gathering.left_out(f"section {section}", why)
    return gathering.gathered()


class _Endpoints:
    """Gathers monitors. A group is one too; where a name stands twice, it has its group before it."""

    def __init__(self, top: Fields, gathering: Gathering) -> None:
        self._gathering = gathering
        self._told = gatus_channels.gather(top, gathering)
        self._rows = top.rows("endpoints")
        self._external = top.rows("external-endpoints")
        self._groups: dict[str, str] = {}
        every = [row.text("name").strip() for row in (*self._rows, *self._external)]
        self._twice = {name for name, count in Counter(every).items() if count > 1}
        self._names = set(every)
        self._tokens: set[str] = set()

    def gather(self) -> None:
        """All of them; those that have no counterpart are told."""
        for row in self._rows:
            self._gather(row, checks_of)
        for row in self._external:
            self._gather(row, self._pushed)

    def _gather(
        self, row: Fields, read: Callable[[Fields, Callable[[str], None]], list[dict[str, Any]]]
    ) -> None:
        name, group = row.text("name").strip(), row.text("group").strip()
        if not name:
            row.tell("name", "is required")
            return
        named = f"{group}/{name}" if group and name in self._twice else name
        what = f"monitor {named}"

        def lacks(part: str) -> None:
            self._gathering.without(part, what)

        try:
            checks = read(row, lacks)
        except NoCounterpart as why:
            self._gathering.left_out(what, str(why))
            return
        for part in row.named():
            if part not in _OF_ENDPOINTS:
                lacks(part)
        about = self._about(row, group)
        names = [named, f"{named} (domain)"][: len(checks)]
        paths = (row.path, row.place("domain"))  # each entry has its own
        for one, path, check in zip(names, paths, checks, strict=False):
            values = {"name": one, **check, **about}
            values |= _times(row, values, lacks)
            values |= self._alerts(row, group, values, lacks)
            self._gathering.monitors.append(Entry(path=path, values=values))
        self._gather_times(row, names)

    def _pushed(self, row: Fields, lacks: Callable[[str], None]) -> list[dict[str, Any]]:
        """An external endpoint: others say how it is, and must within its heartbeat's interval. There
        a token may be that of several; here it says whose heartbeat it is.
        """
        interval = row.inner("heartbeat").seconds("interval")
        if not interval:
            raise NoCounterpart("without heartbeat.interval nothing is ever missed")
        values: dict[str, Any] = {"type": "push", "interval": interval}
        if (token := row.text("token")) in self._tokens:
            lacks("its token, which is another's too")
        elif token:
            self._tokens.add(token)
            values["token"] = token
        return [values]

    def _about(self, row: Fields, group: str) -> dict[str, Any]:
        """Group, tags, and whether it is looked at; only what is there."""
        found: dict[str, Any] = {"parent": self._group(row, group)} if group else {}
        if row.raw("enabled") is not None and not row.flag("enabled"):
            found["paused"] = True
        labels = row.inner("extra-labels")
        if tags := [f"{label}:{labels.text(label)}" for label in labels.named()]:
            found["tags"] = tags
        return found

    def _group(self, row: Fields, group: str) -> str:
        """The name of the group's monitor, which is made when its first member comes."""
        if group not in self._groups:
            self._groups[group] = f"{group} (group)" if group in self._names else group
            values = {"name": self._groups[group], "type": "group"}
            path = row.place("group")
            self._gathering.monitors.append(Entry(path=path, values=values))
        return self._groups[group]

    def _alerts(
        self, row: Fields, group: str, values: dict[str, Any], lacks: Callable[[str], None]
    ) -> dict[str, Any]:
        """Channels, and from how many failures in a row on they are told."""
        names, failures, reminders = [], [], []
        for alert in row.rows("alerts"):
            kind = alert.text("type")
            told = self._told.get(kind)
            default = told.default if told is not None else alert
            if not _first(alert, default, "enabled").flag("enabled", default=True):
                continue
            channel = told.of(group) if told is not None else None
            if channel is None:
                lacks(f"the alert {kind}")
                continue
            if alert.has("provider-override"):
                lacks("provider-override")
            names.append(channel)
            limit = _first(alert, default, "failure-threshold").whole("failure-threshold")
            failures.append(limit if limit and limit > 0 else _USUAL_FAILURES)
            every = "minimum-reminder-interval"
            reminders.append(_first(alert, default, every).seconds(every) or 0)
            if (words := _first(alert, default, "description").text("description")) and (
                "description" not in values
            ):
                values["description"] = words
        found: dict[str, Any] = {"alerts": list(dict.fromkeys(names))} if names else {}
        if failures and values["type"] not in ("push", "group"):
            found["max_retries"] = min(failures) - 1
            found["retry_interval"] = min(values["interval"], _LONGEST_RETRY_S)
        if any(reminders):
            soonest = min(one for one in reminders if one)
            found["remind_every"] = max(soonest, _SHORTEST_REMINDER_S)
        return found

    def _gather_times(self, row: Fields, monitors: list[str]) -> None:
        monitor = monitors[0]
        for window in row.rows("maintenance-windows"):
            if (values := maintenance_of(window)) is None:
                continue
            names = [
                f"{monitor} maintenance",
                *(f"{monitor} maintenance {n}" for n in range(2, 99)),
            ]
            name = self._gathering.free_name("maintenances", *names)
            values = {"name": name, **values, "monitors": monitors}
            self._gathering.maintenances.append(Entry(path=window.path, values=values))


def _times(row: Fields, values: dict[str, Any], lacks: Callable[[str], None]) -> dict[str, Any]:
    """How often it is looked at, and for how long at most."""
    interval = values.get("interval") or row.seconds("interval") or 60
    found = {"interval": interval}
    if values["type"] != "push":
        found["interval"] = min(max(interval, 1), _LONGEST_INTERVAL_S)
        if interval > _LONGEST_INTERVAL_S:
            lacks("the interval beyond a day")
    if "timeout" in values:
        found["timeout"] = min(values["timeout"], found["interval"])
    return found


def _first(alert: Fields, default: Fields, name: str) -> Fields:
    return alert if alert.raw(name) is not None else default


def _expanded(written: Written, path: str, value: Any, environ: Mapping[str, str]) -> Any:
    """`value` with what its texts refer to."""
    if isinstance(value, dict):
        return {
            key: _expanded(written, f"{path}.{key}" if path else key, item, environ)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [
            _expanded(written, f"{path}[{index}]", item, environ)
            for index, item in enumerate(value)
        ]
    if not isinstance(value, str) or "$" not in value:
        return value

    def replace(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        if name is None:
            return "$"
        if name not in environ:
            message = f"the environment variable {name} is not set; $$ is a literal $"
            written.problems.append(Problem(path, message, written.line(path)))
        return environ.get(name, "")

    return _REFERENCE.sub(replace, value)
