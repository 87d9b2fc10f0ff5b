"""The kinds of monitor of Uptime Kuma that have a counterpart: a monitor → the fields of a check."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from uptop_leader.imports.fields import basic_header, has_authorization, without_login
from uptop_leader.imports.gathering import NoCounterpart, quoted
from uptop_leader.imports.kuma_http import (
    http,
    json_query,
    keyword,
    login_of,
    text_headers,
    timeout_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from uptop_leader.imports.fields import Fields
    from uptop_leader.imports.kuma_http import Lacks

_MOST_ECHOES, _USUAL_PACKET = 20, 56
_SMTP_TLS = {"secure": "implicit", "starttls": "starttls"}
_USUAL_STRATUM, _USUAL_OFFSET_MS = 5, 1000
_AROUND = {
    "MX": (r"\d+ ", ""),
    "SRV": (r"\d+ \d+ \d+ ", ""),
    "CAA": (r"\d+ issue ", ""),
    "SOA": ("", r" .*"),
}
_RECORDS = {"equals": "==", "not_equals": "!=", "contains": "contains"}


def _port(row: Fields, lacks: Lacks) -> dict[str, Any]:
    if row.text("expectedTlsAlert", "none") not in ("", "none"):
        raise NoCounterpart("it waits for an alert of TLS")
    if row.text("smtpSecurity") in ("secure", "starttls") and row.flag("expiryNotification"):
        lacks("the certificate of smtpSecurity")
    return {"type": "port", **_host(row), "port": row.whole("port")}


def _ping(row: Fields, lacks: Lacks) -> dict[str, Any]:
    values = {"type": "ping", **_host(row), **timeout_of(row)}
    if count := row.whole("ping_count"):
        values["count"] = min(max(count, 1), _MOST_ECHOES)
    if row.whole("packetSize") not in (None, _USUAL_PACKET):
        lacks("packetSize")
    return values


def _dns(row: Fields, lacks: Lacks) -> dict[str, Any]:
    values = {"type": "dns", **_host(row)}
    if row.has("dns_resolve_type"):
        values["dns_resolve_type"] = row.text("dns_resolve_type").upper()
    servers = [one for one in re.split(r"[\s,]+", row.text("dns_resolve_server")) if one]
    addresses = [
        one for one in servers if re.fullmatch(r"[0-9.]+|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*", one)
    ]
    if addresses:
        port = row.whole("port") or 53
        host = f"[{addresses[0]}]" if ":" in addresses[0] else addresses[0]
        values["dns_server"] = addresses[0] if port == 53 else f"{host}:{port}"
    for server in servers:
        if server not in addresses[:1]:
            lacks(f"the DNS server {server}")
    conditions = row.rows("conditions")
    kind = str(values.get("dns_resolve_type", "A"))
    said = _of_record(conditions[0], kind) if len(conditions) == 1 else None
    if said is not None:
        values["conditions"] = [said]
    elif conditions:
        lacks("its conditions")
    return values


def _of_record(condition: Fields, kind: str) -> str | None:
    """The condition on a record, of which Kuma looks at one part only; None where there is none."""
    operator, wanted = condition.text("operator"), condition.text("value")
    before, after = _AROUND.get(kind, ("", ""))
    if operator in _RECORDS and (not (before or after) or operator == "contains"):
        return f"dns {_RECORDS[operator]} {quoted(wanted)}"
    escaped = re.escape(wanted if kind == "TXT" else wanted.lower().removesuffix("."))
    forms = {
        "equals": rf"\A{before}{escaped}{after}\Z",
        "starts_with": rf"\A{before}{escaped}",
        "ends_with": rf"{escaped}{after}\Z",
    }
    return f"dns matches {quoted(forms[operator])}" if operator in forms else None


def _websocket(row: Fields, lacks: Lacks) -> dict[str, Any]:
    """Codes there are those of closing, which is not awaited here."""
    url, in_url = without_login(row.text("url"))
    values: dict[str, Any] = {"type": "websocket", "url": url, **timeout_of(row)}
    values["ignore_tls"] = row.flag("ignoreTls")
    login, headers = login_of(row) or in_url, text_headers(row, "headers")
    if any(login.values()) and not has_authorization(headers):
        headers |= (
            {"Authorization": f"Bearer {login['bearer']}"}
            if "bearer" in login
            else basic_header(login["username"], login["password"])
        )
    if headers:
        values["headers"] = headers
    if row.has("wsSubprotocol"):
        values["subprotocol"] = row.text("wsSubprotocol")
    if row.has("wsIgnoreSecWebsocketAcceptHeader"):
        lacks("wsIgnoreSecWebsocketAcceptHeader")
    return values


def _ntp(row: Fields, lacks: Lacks) -> dict[str, Any]:
    if row.has("ntpRootDispersionThreshold"):
        lacks("ntpRootDispersionThreshold")
    return {
        "type": "ntp",
        **_host(row),
        "port": row.whole("port") or 123,
        "max_stratum": row.whole("ntpStratumThreshold") or _USUAL_STRATUM,
        "max_offset": (row.number("ntpTimeOffsetThreshold") or _USUAL_OFFSET_MS) / 1000,
    }


def _smtp(row: Fields, lacks: Lacks) -> dict[str, Any]:  # noqa: ARG001  every kind's signature
    tls = _SMTP_TLS.get(row.text("smtpSecurity"), "none")
    return {"type": "smtp", **_host(row), "port": row.whole("port") or 25, "tls": tls}


def _push(row: Fields, lacks: Lacks) -> dict[str, Any]:  # noqa: ARG001  every kind's signature
    """Kuma is patient for as many retries as were allowed."""
    values: dict[str, Any] = {"type": "push"}
    if token := row.text("pushToken"):
        values["token"] = token
    retries, every = row.whole("maxretries") or 0, row.number("retryInterval") or 60
    if retries > 0:
        values["grace"] = retries * every
    return values


def _group(row: Fields, lacks: Lacks) -> dict[str, Any]:  # noqa: ARG001  every kind's signature
    return {"type": "group"}


CHECKS: dict[str, Callable[[Fields, Lacks], dict[str, Any]]] = {
    "http": http,
    "keyword": keyword,
    "json-query": json_query,
    "port": _port,
    "ping": _ping,
    "dns": _dns,
    "push": _push,
    "group": _group,
    "websocket-upgrade": _websocket,
    "ntp": _ntp,
    "smtp": _smtp,
}


def _host(row: Fields) -> dict[str, Any]:
    return {"hostname": row.text("hostname").strip()}
