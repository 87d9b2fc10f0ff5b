"""What the tests of declared configuration share: a document, applied in memory."""

from itertools import count

from msgspec.structs import replace

from uptop_core.errors import ConfigError
from uptop_core.monitors import Monitor
from uptop_leader.channels import Channel
from uptop_leader.configuration import ConfigChange, Configuration
from uptop_leader.declared.document import read_text
from uptop_leader.declared.plan import Fresh, Plan, plan

DOCUMENT = """\
alerts:
  - {name: ops, type: webhook, settings: {url: "https://hooks.example.com/x"}, fallback: mail}
  - {name: mail, type: ntfy, settings: {topic: nights, password: geheim, username: u}}
monitors:
  - name: API
    type: http
    url: https://api.example.com/health
    headers: {Authorization: Bearer geheim}
    interval: 30
    timeout: 5
    regions: [EU-West, us-east]
    aggregation: majority-down
    alert: ops
    remind_every: 30m
    notify: {unknown: false}
    conditions: ["status < 400", {soft: "latency < 500ms"}]
  - name: Production
    type: group
    monitors:
      - {name: DB, type: port, hostname: db.example.com, port: 5432, regions: "eu-west,us-east"}
      - {name: Backup, type: push, interval: 86400, depends_on: [API, DB]}
"""


def planned(
    text: str,
    before: Configuration | None = None,
    *,
    prune: bool = False,
    environ: dict[str, str] | None = None,
) -> Plan:
    """The plan of a document, with ids and tokens that are the same in every run."""
    numbers = count(1)
    fresh = Fresh(
        new_id=lambda: f"00000000-0000-4000-8000-{next(numbers):012}",
        new_token=lambda: f"token-{next(numbers)}",
    )
    document = read_text(text, "uptop.yaml", environ or {})
    return plan(before or Configuration(), document, prune=prune, fresh=fresh)


def applied(
    text: str, before: Configuration | None = None, *, prune: bool = False
) -> Configuration:
    """The configuration after a document."""
    before = before or Configuration()
    return changed(before, planned(text, before, prune=prune).change)


def changed(before: Configuration, change: ConfigChange) -> Configuration:
    """The configuration after a change."""
    monitors = {one.id: one for one in before.monitors} | {m.id: m for m in change.put_monitors}
    channels = {one.id: one for one in before.channels} | {c.id: c for c in change.put_channels}
    planned_times = {one.id: one for one in before.maintenances}
    planned_times |= {one.id: one for one in change.put_maintenances}
    return replace(
        before,
        maintenances=tuple(
            one for id, one in planned_times.items() if id not in change.drop_maintenances
        ),
        monitors=tuple(one for id, one in monitors.items() if id not in change.drop_monitors),
        channels=tuple(one for id, one in channels.items() if id not in change.drop_channels),
    )


def refused(
    text: str, before: Configuration | None = None, *, prune: bool = False
) -> list[tuple[int | None, str, str]]:
    """The problems of a document: line, field, message."""
    try:
        planned(text, before, prune=prune)
    except ConfigError as error:
        return [(problem.line, problem.field, problem.message) for problem in error.problems]
    raise AssertionError("the document was accepted")


def monitor(configuration: Configuration, name: str) -> Monitor:
    """The monitor of that name."""
    return next(one for one in configuration.monitors if one.name == name)


def channel(configuration: Configuration, name: str) -> Channel:
    """The channel of that name."""
    return next(one for one in configuration.channels if one.name == name)
