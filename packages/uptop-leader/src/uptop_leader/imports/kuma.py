"""A backup of Uptime Kuma (JSON of 1.x, or the lists of 2.x by their ids) → entries.

A monitor is http, keyword, json-query, port, ping, dns, push or group; other kinds are told by
name. Names need not be unique there: a later one of the same name has its number behind it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uptop_leader.declared.document import Entry
from uptop_leader.imports import kuma_channels
from uptop_leader.imports.gathering import Gathering, Import, NoCounterpart
from uptop_leader.imports.kuma_checks import CHECKS
from uptop_leader.imports.kuma_http import proxy_url

if TYPE_CHECKING:
    from uptop_leader.declared.written import Written
    from uptop_leader.imports.fields import Fields
    from uptop_leader.imports.kuma_http import Lacks

_SECTIONS = ("version", "monitorList", "notificationList", "proxyList")
_LONGEST_INTERVAL_S = 86_400
_JUDGED = ("group", "push")  # kinds that are not looked at, so that no rounds confirm them


def read_kuma(written: Written, source: str) -> Import:
    """What a backup says."""
    gathering = Gathering(written, source)
    top = gathering.fields(written.value)
    for section in top.named():
        if section not in _SECTIONS:
            gathering.left_out(f"section {section}", "uptop reads monitors and notifications")
    alerts = kuma_channels.gather(top, gathering)
    _Monitors(top, gathering, alerts).gather()
    return gathering.gathered()


class _Monitors:
    """Gathers the monitors. `alerts` are the names of channels by their number in the file, and
    whether each was taken.
    """

    def __init__(
        self, top: Fields, gathering: Gathering, alerts: dict[str, tuple[str, bool]]
    ) -> None:
        self._gathering = gathering
        self._alerts = alerts
        self._rows = top.rows("monitorList")
        self._proxies = {row.text("id"): row for row in top.rows("proxyList")}
        self._names: dict[str, str] = {}  # by place
        self._groups: dict[str, str] = {}  # by number
        for row in self._rows:
            id, name = row.text("id"), row.text("name").strip()
            if not name:
                row.tell("name", "is required")
            self._names[row.path] = gathering.free_name("monitors", name, f"{name} #{id}")
            if row.text("type") == "group":
                self._groups[id] = self._names[row.path]

    def gather(self) -> None:
        """All of them; those that have no counterpart are told."""
        for row in self._rows:
            kind = row.text("type")
            what = f"monitor {self._names[row.path]}"
            try:
                values = self._values(row, kind, what)
            except NoCounterpart as why:
                self._gathering.left_out(f"{what} ({kind})", str(why))
            else:
                self._gathering.monitors.append(Entry(path=row.path, values=values))

    def _values(self, row: Fields, kind: str, what: str) -> dict[str, Any]:
        if kind not in CHECKS:
            raise NoCounterpart("uptop has no check of that kind")
        if row.flag("upsideDown"):
            raise NoCounterpart("it is upside down, and here up always means up")

        def lacks(part: str) -> None:
            self._gathering.without(part, what)

        values = {"name": self._names[row.path], **CHECKS[kind](row, lacks)}
        if values["type"] == "http" and row.has("proxyId"):
            values |= self._proxy(row, lacks)
        if kind not in _JUDGED:
            values |= _rounds(row)
        if kind != "group":
            values |= {"interval": row.number("interval") or 60}
        if kind not in _JUDGED and values["interval"] > _LONGEST_INTERVAL_S:
            values["interval"] = _LONGEST_INTERVAL_S
            lacks("the interval beyond a day")
        if "timeout" in values:
            values["timeout"] = min(values["timeout"], values["interval"])
        return {**values, **self._about(row, lacks), **_reminders(row)}

    def _proxy(self, row: Fields, lacks: Lacks) -> dict[str, Any]:
        """The proxy that a monitor goes through; one that is switched off is passed over there too."""
        proxy = self._proxies.get(row.text("proxyId"))
        if proxy is None:
            lacks("its proxy, which is not in the file")
            return {}
        if not proxy.flag("active", default=True):
            return {}
        return {"proxy": proxy_url(proxy)}

    def _about(self, row: Fields, lacks: Lacks) -> dict[str, Any]:
        """Group, alerts, tags and words; only what is there."""
        found: dict[str, Any] = {}
        if row.has("description"):
            found["description"] = row.text("description")
        if tags := [_tag(tag) for tag in row.rows("tags")]:
            found["tags"] = [tag for tag in tags if tag]
        if alerts := self._alerts_of(row, lacks):
            found["alerts"] = alerts
        if row.raw("active") is not None and not row.flag("active"):
            found["paused"] = True
        parent = row.text("parent")
        if parent and parent in self._groups:
            found["parent"] = self._groups[parent]
        elif parent:
            lacks(f"its group, which is not in the file (#{parent})")
        return found

    def _alerts_of(self, row: Fields, lacks: Lacks) -> list[str]:
        """The names of the channels that a monitor tells."""
        written = row.raw("notificationIDList")
        if isinstance(written, list):
            ids = [str(one) for one in written]
        else:
            chosen = row.inner("notificationIDList")
            ids = [id for id in chosen.named() if chosen.flag(id)]
        names = []
        for id in ids:
            name, is_taken = self._alerts.get(id, (f"#{id}", False))
            if is_taken:
                names.append(name)
            else:
                lacks(f"the alert {name}")
        return names


def _tag(tag: Fields) -> str:
    name, value = tag.text("name").strip(), tag.text("value").strip()
    return f"{name}:{value}" if value else name


def _rounds(row: Fields) -> dict[str, Any]:
    """How often a change must be confirmed, and how soon."""
    retries, every = row.whole("maxretries") or 0, row.number("retryInterval")
    found: dict[str, Any] = {"max_retries": min(max(retries, 0), 100)}
    if retries > 0 and every:
        found["retry_interval"] = min(max(every, 1), 3600)
    return found


def _reminders(row: Fields) -> dict[str, Any]:
    """Kuma counts the looks between two reminders."""
    looks, every = row.whole("resendInterval") or 0, row.number("interval") or 60
    return {"remind_every": max(looks * every, 60)} if looks > 0 else {}
