"""What the demo watches, as the YAML that `uptop-leader apply` reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uptop_leader.demo.targets import Targets

PUSH_TOKEN = "demo-nightly-backup"  # noqa: S105  a token of the demo's own job
SHOP = "Shop"
INTERVAL_S = 4

_DOCUMENT = """\
alerts:
  - {{name: webhook, type: webhook, settings: {{url: "http://127.0.0.1:{hook}/"}}}}
monitors:
  - name: Public
    type: group
    monitors:
      - {{name: Website, type: http, url: "http://127.0.0.1:{site}/", interval: {interval}, retry_interval: 1, alert: webhook, conditions: ["json(status) == ok"]}}
      - {{name: Search (slow), type: http, url: "http://127.0.0.1:{slow}/", interval: {interval}, retry_interval: 1, alert: webhook, conditions: [{{soft: "latency < 200ms"}}]}}
  - {{name: Shop, type: http, url: "http://127.0.0.1:{shop}/", interval: {interval}, retry_interval: 1, alert: webhook, aggregation: majority-down}}
  - name: Secure site
    type: http
    url: "https://127.0.0.1:{secure}/"
    interval: {interval}
    ignore_tls: true
    check_ssl: true
    alert: webhook
  - {{name: Mail server, type: port, hostname: 127.0.0.1, port: {tcp}, expect: "220", interval: {interval}, regions: [eu-west], alert: webhook}}
  - {{name: Name server, type: dns, hostname: demo.example, dns_server: "127.0.0.1:{dns}", expected: [192.0.2.10], interval: {interval}, alert: webhook}}
  - {{name: Nightly backup, type: push, interval: 5, grace: 10, token: {push}, alert: webhook}}
"""


def document(targets: Targets) -> str:
    """The demo's configuration for these targets."""
    return _DOCUMENT.format(
        interval=INTERVAL_S,
        push=PUSH_TOKEN,
        site=targets.site,
        shop=targets.shop,
        slow=targets.slow,
        secure=targets.secure,
        tcp=targets.tcp,
        dns=targets.dns,
        hook=targets.hook,
    )
