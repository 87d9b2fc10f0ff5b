"""uptop's own files → entries: what `export` writes, whole; documents without ids, and those of the
uptop written in Go (its YAML, and its backup as JSON), which are laid over what is there.

The Go program writes numbers of alerts as texts and what does not belong to a kind; it marks what it
hides in its own way, which means here too: keep what there is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from uptop_core.kinds import KINDS
from uptop_leader.declared.document import FORMAT, Entry, read_text
from uptop_leader.declared.flat import MASK
from uptop_leader.declared.references import Expanded
from uptop_leader.imports.fields import without_login
from uptop_leader.imports.gathering import Gathering, Import

if TYPE_CHECKING:
    from uptop_leader.declared.document import Document
    from uptop_leader.declared.written import Written
    from uptop_leader.imports.fields import Fields

_HIDDEN = "***REDACTED***"
_OF_KINDS = frozenset(
    ("url", "method", "accepted_codes", "check_ssl", "expiry_threshold", "ignore_tls", "hostname",
     "port", "dns_resolve_type", "dns_server", "token")
)  # fmt: skip
_UNJUDGED = {"push": ("regions", "timeout"), "group": ("regions", "timeout", "interval")}
_GO_NAMES = {
    "url": "URL", "method": "Method", "accepted_codes": "AcceptedCodes", "check_ssl": "CheckSSL",
    "expiry_threshold": "ExpiryThreshold", "ignore_tls": "IgnoreTLS", "hostname": "Hostname",
    "port": "Port", "dns_resolve_type": "DNSResolveType", "dns_server": "DNSServer",
    "token": "Token", "interval": "Interval", "timeout": "Timeout", "max_retries": "MaxRetries",
    "description": "Description", "regions": "Regions", "paused": "Paused",
}  # fmt: skip
_NUMBERS = ("expiry_threshold", "port", "interval", "timeout", "max_retries")
_FLAGS = ("check_ssl", "ignore_tls", "paused")
_GO_DEFAULTS: dict[str, dict[str, Any]] = {"email": {"port": 25}, "opsgenie": {"priority": "P3"}}
_SECTIONS = ("sites", "alerts", "users", "maintenance_windows")


def read_uptop(text: str, written: Written, source: str) -> Import:
    """What such a file says; `written` holds its values as they are."""
    if "sites" in written.value:
        return _Backup(written, source).read()
    document = read_text(text, source)
    entries = (*(document.channels or ()), *(document.monitors or ()))
    if written.value.get("format") == FORMAT or any("id" in one.values for one in entries):
        return Import(document=document, lays_over=False)
    return Import(document=_softened(document))


def _softened(document: Document) -> Document:
    """A document as the Go program writes it, in the forms that are read here."""
    return replace(
        document,
        channels=None if document.channels is None else tuple(map(_channel, document.channels)),
        monitors=None if document.monitors is None else tuple(map(_monitor, document.monitors)),
    )


def _channel(entry: Entry) -> Entry:
    settings = entry.values.get("settings")
    if not isinstance(settings, dict):
        return entry
    return replace(entry, values={**entry.values, "settings": _settings(settings)})


def _settings(settings: dict[str, Any]) -> dict[str, Any]:
    """Texts that stand for numbers where the provider has numbers, and its mark for what is hidden."""
    return {
        name: MASK if value == _HIDDEN else Expanded(value) if isinstance(value, str) else value
        for name, value in settings.items()
        if value != ""
    }


def _monitor(entry: Entry) -> Entry:
    kind = entry.values.get("type")
    if not isinstance(kind, str) or kind not in KINDS:
        return entry
    strange = _OF_KINDS - {*KINDS[kind].__struct_encode_fields__} | {*_UNJUDGED.get(kind, ())}
    values = {name: value for name, value in entry.values.items() if name not in strange}
    if kind == "http" and isinstance(url := values.get("url"), str):
        bare, login = without_login(url)
        values = {**values, "url": bare, **login}
    return replace(entry, values=_within_interval(values))


def _within_interval(values: dict[str, Any]) -> dict[str, Any]:
    """A timeout is at most the interval here."""
    timeout, interval = values.get("timeout"), values.get("interval", 60)
    if isinstance(timeout, int) and isinstance(interval, int) and timeout > interval:
        return {**values, "timeout": interval}
    return values


class _Backup:
    """The JSON of the Go program: things refer to each other by number."""

    def __init__(self, written: Written, source: str) -> None:
        self._gathering = Gathering(written, source)
        self._top = self._gathering.fields(written.value)
        self._alerts: dict[str, str] = {}
        self._sites: dict[str, str] = {}

    def read(self) -> Import:
        """What the backup says."""
        for section in self._top.named():
            if section not in _SECTIONS:
                self._gathering.left_out(f"section {section}", "it is not known here")
        self._gather_alerts()
        rows = self._top.rows("sites")
        names = [self._name(row, "monitors") for row in rows]
        self._sites = {row.text("ID"): name for row, name in zip(rows, names, strict=True)}
        for row, name in zip(rows, names, strict=True):
            values = _monitor(Entry(path=row.path, values=self._site(row, name))).values
            self._gathering.monitors.append(Entry(path=row.path, values=values))
        for row in self._top.rows("maintenance_windows"):
            self._gather_window(row)
        for row in self._top.rows("users"):
            why = "add people with `uptop-leader user`"
            self._gathering.left_out(f"user {row.text('Username')} ({row.text('Role')})", why)
        return self._gathering.gathered()

    def _name(self, row: Fields, space: str, field: str = "Name") -> str:
        name = row.text(field).strip()
        if not name:
            row.tell(field, "is required")
        return self._gathering.free_name(space, name, f"{name} #{row.text('ID')}")

    def _gather_alerts(self) -> None:
        for row in self._top.rows("alerts"):
            name, kind = self._name(row, "channels"), row.text("Type")
            self._alerts[row.text("ID")] = name
            settings = row.inner("Settings")
            written = {one: settings.raw(one) for one in settings.named()}
            made = {**_GO_DEFAULTS.get(kind, {}), **_settings(written)}
            values = {"name": name, "type": kind, "settings": made}
            self._gathering.channels.append(Entry(path=row.path, values=values))

    def _site(self, row: Fields, name: str) -> dict[str, Any]:
        values: dict[str, Any] = {"name": name, "type": row.text("Type")}
        for ours, theirs in _GO_NAMES.items():
            if not row.has(theirs):
                continue
            if ours in _NUMBERS:
                values[ours] = row.whole(theirs)
            else:
                values[ours] = row.flag(theirs) if ours in _FLAGS else row.text(theirs)
        if values.get("token") == _HIDDEN:
            values["token"] = MASK
        for field, theirs, names, what in (
            ("parent", "ParentID", self._sites, "group"),
            ("alert", "AlertID", self._alerts, "alert"),
        ):
            id = row.text(theirs, "0")
            if id in names:
                values[field] = names[id]
            elif id != "0":
                lack = f"its {what}, which is not in the file (#{id})"
                self._gathering.without(lack, f"monitor {name}")
        return values

    def _gather_window(self, row: Fields) -> None:
        title, start, end = row.text("Title"), row.text("StartTime"), row.text("EndTime")
        if row.text("Type") == "incident":
            self._gathering.left_out(f"incident {title}", "write a post")
        elif not end or end.startswith("0001-"):
            self._gathering.left_out(f"maintenance {title}", "it has no end")
        else:
            values: dict[str, Any] = {"name": self._name(row, "maintenances", "Title")}
            values |= {"start": _moment(start), "end": _moment(end)}
            of = row.text("MonitorID", "0")
            values |= self._of_window(row, of) if of != "0" else {"all": True}
            self._gathering.maintenances.append(Entry(path=row.path, values=values))

    def _of_window(self, row: Fields, of: str) -> dict[str, Any]:
        name = self._sites.get(of)
        if name is None:
            row.tell("MonitorID", f"there is no site with the ID {of}")
        is_group = any(
            one.values["name"] == name and one.values["type"] == "group"
            for one in self._gathering.monitors
        )
        return {"groups" if is_group else "monitors": [name]}


def _moment(text: str) -> str:
    """A date and time without the parts of a second."""
    head, _, tail = text.partition(".")
    return head + tail.lstrip("0123456789")
