"""The kinds of monitor of Uptime Kuma that have a counterpart: a monitor → the fields of a check."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from uptop_core.conditions.json_path import parse_path
from uptop_core.conditions.language import read_number
from uptop_leader.imports.fields import json_within, without_login
from uptop_leader.imports.gathering import NoCounterpart, quoted

if TYPE_CHECKING:
    from collections.abc import Callable

    from uptop_leader.imports.fields import Fields

    Lacks = Callable[[str], None]
    """Takes a part of a monitor that has no counterpart."""

_HTTP_LACKS = ("cacheBust", "retryOnlyOnStatusCodeFailure", "domainExpiryNotification")
_MOST_REDIRECTS, _MOST_ECHOES, _USUAL_PACKET = 30, 20, 56
_CONTENT_TYPES = {
    "json": "application/json",
    "form": "application/x-www-form-urlencoded",
    "xml": "text/xml; charset=utf-8",
}
_JSON_SIGNS = re.compile(r'"[:,\]}]|[:,\[{]"')
_SMTP_TLS = {"secure": "implicit", "starttls": "starttls"}
_USUAL_STRATUM, _USUAL_OFFSET_MS = 5, 1000
_IP_VERSIONS = {"ipv4": 4, "ipv6": 6}
_AROUND = {
    "MX": (r"\d+ ", ""),
    "SRV": (r"\d+ \d+ \d+ ", ""),
    "CAA": (r"\d+ issue ", ""),
    "SOA": ("", r" .*"),
}
_PROXIES = {
    "http": "http",
    "https": "https",
    "socks": "socks5",
    "socks5": "socks5",
    "socks5h": "socks5",
}
_COUNTED = re.compile(r"\$count\(\s*([^()]+?)\s*\)")
_RECORDS = {"equals": "==", "not_equals": "!=", "contains": "contains"}


def _http(row: Fields, lacks: Lacks) -> dict[str, Any]:
    url, login = without_login(row.text("url"))
    values: dict[str, Any] = {
        "type": "http",
        "url": url,
        **login,
        "method": row.text("method", "GET").upper() or "GET",
        "ignore_tls": row.flag("ignoreTls"),
        "check_ssl": row.flag("expiryNotification"),
        **_body(row),
        **_login(row),
        **_timeout(row),
    }
    codes = [str(code) for _, code in row.items("accepted_statuscodes")]
    if codes:
        values["accepted_codes"] = ",".join(codes)
    if (redirects := row.whole("maxredirects")) is not None:
        values["follow_redirects"] = min(max(redirects, 0), _MOST_REDIRECTS)
    if row.text("ipFamily") in _IP_VERSIONS:
        values["ip_version"] = _IP_VERSIONS[row.text("ipFamily")]
    if row.flag("saveErrorResponse"):
        values["keep_body"] = True
    for name in _HTTP_LACKS:
        if row.has(name):
            lacks(name)
    return values


def _keyword(row: Fields, lacks: Lacks) -> dict[str, Any]:
    values = _http(row, lacks)
    if word := row.text("keyword"):
        there = f"body contains {quoted(word)}"
        pattern = re.escape(word)
        if _JSON_SIGNS.search(word):
            pattern = _as_json(word)
            there = f"body matches {quoted(pattern)}"
        values["conditions"] = [absent(pattern) if row.flag("invertKeyword") else there]
    return values


def _as_json(word: str) -> str:
    """The pattern for a keyword out of JSON, which Kuma writes anew, without spaces, before it looks
    for it: what the target puts between the signs does not count.
    """
    pieces = re.split(r"([{}\[\],:])", word)
    return r"\s*".join(re.escape(piece) for piece in pieces if piece)


def _json_query(row: Fields, lacks: Lacks) -> dict[str, Any]:
    path, wanted = row.text("jsonPath").strip() or "$", row.text("expectedValue")
    operator, word = row.text("jsonPathOperator") or "==", "json"
    is_number = read_number(wanted) is not None
    counted = _COUNTED.fullmatch(path)
    if counted is not None and is_number and operator != "contains":
        path, word = counted[1], "count"
    try:
        parse_path(path)
    except ValueError:
        raise NoCounterpart(f"the query {path} is more than a path") from None
    operand = wanted if is_number else quoted(wanted)
    return {**_http(row, lacks), "conditions": [f"{word}({path}) {operator} {operand}"]}


def _port(row: Fields, lacks: Lacks) -> dict[str, Any]:
    if row.text("expectedTlsAlert", "none") not in ("", "none"):
        raise NoCounterpart("it waits for an alert of TLS")
    if row.text("smtpSecurity") in ("secure", "starttls") and row.flag("expiryNotification"):
        lacks("the certificate of smtpSecurity")
    return {"type": "port", **_host(row), "port": row.whole("port")}


def _ping(row: Fields, lacks: Lacks) -> dict[str, Any]:
    values = {"type": "ping", **_host(row), **_timeout(row)}
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
    values: dict[str, Any] = {"type": "websocket", "url": row.text("url"), **_timeout(row)}
    values["ignore_tls"] = row.flag("ignoreTls")
    if row.text("authMethod") not in ("", "null"):
        raise NoCounterpart(f"it logs in by {row.text('authMethod')}")
    if headers := text_headers(row, "headers"):
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
    "http": _http,
    "keyword": _keyword,
    "json-query": _json_query,
    "port": _port,
    "ping": _ping,
    "dns": _dns,
    "push": _push,
    "group": _group,
    "websocket-upgrade": _websocket,
    "ntp": _ntp,
    "smtp": _smtp,
}


def absent(pattern: str, word: str = "body") -> str:
    """The condition that a pattern is nowhere in what `word` stands for."""
    return f"{word} matches " + quoted(rf"\A(?![\s\S]*{pattern})")


def _host(row: Fields) -> dict[str, Any]:
    return {"hostname": row.text("hostname").strip()}


def _timeout(row: Fields) -> dict[str, Any]:
    timeout = row.number("timeout")
    return {"timeout": timeout} if timeout else {}


def _body(row: Fields) -> dict[str, Any]:
    """Body and headers, which stand in the file as a text of JSON."""
    headers = text_headers(row, "headers")
    values: dict[str, Any] = {}
    if body := row.text("body"):
        values["body"] = body
        coding = row.text("httpBodyEncoding") or "json"
        if coding in _CONTENT_TYPES and "content-type" not in {name.lower() for name in headers}:
            headers["Content-Type"] = _CONTENT_TYPES[coding]
    if headers:
        values["headers"] = headers
    return values


def _login(row: Fields) -> dict[str, Any]:
    method = row.text("authMethod")
    if method in ("", "basic", "null"):
        user, password = row.text("basic_auth_user"), row.text("basic_auth_pass")
        return {"username": user, "password": password} if user else {}
    if method == "bearer":
        return {"bearer": row.text("bearer_token")}
    raise NoCounterpart(f"it logs in by {method}")


def text_headers(row: Fields, name: str) -> dict[str, str]:
    """Headers that a field holds as a text of JSON, or as a mapping."""
    value = row.raw(name)
    if isinstance(value, str) and value.strip():
        value = json_within(value)
        if not isinstance(value, dict):
            row.tell(name, "must be a JSON object of names and values")
    if not isinstance(value, dict):
        return {}
    fields = row.within(value, name)
    return {key: fields.text(key).strip() for key in value}


def proxy_url(row: Fields) -> str:
    """An entry of the list of proxies, as a URL. Raises NoCounterpart."""
    protocol, host = row.text("protocol"), row.text("host").strip()
    if protocol not in _PROXIES:
        raise NoCounterpart(f"it goes through a proxy of {protocol}")
    login = ""
    if row.flag("auth"):
        login = f"{quote(row.text('username'), safe='')}:{quote(row.text('password'), safe='')}@"
    host = f"[{host}]" if ":" in host else host
    return f"{_PROXIES[protocol]}://{login}{host}:{row.text('port')}"
