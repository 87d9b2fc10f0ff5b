"""An endpoint of Gatus → the fields of a check: what its URL, its client and its conditions say.

Nothing is implied there: an endpoint is healthy when its conditions hold. So of http any code is
accepted, unless a condition names codes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from uptop_core.checks.domain import DomainCheck
from uptop_core.host_check import host_of
from uptop_core.prober.dns_records import parse_server
from uptop_leader.imports.fields import basic_header, has_authorization, without_login
from uptop_leader.imports.gathering import NoCounterpart
from uptop_leader.imports.gatus_conditions import ANY_CODE, domain_days, escaped, translated

if TYPE_CHECKING:
    from uptop_leader.imports.fields import Fields

Lacks = Callable[[str], None]
"""Takes a part of an endpoint that has no counterpart."""

_USUAL_TIMEOUT_S = 10.0
_LONGEST_WARNING = 365  # days
_NOT_HERE = ("oauth2", "identity-aware-proxy", "tls", "tunnel")
_CLIENT = ("insecure", "ignore-redirect", "timeout", "network", "proxy-url")
_FILLED = {"[ENDPOINT_NAME]": "name", "[ENDPOINT_GROUP]": "group", "[ENDPOINT_URL]": "url"}
_UNFILLED = re.compile(r"\[(RANDOM_STRING_[0-9]+|LOCAL_ADDRESS)\]")
_NETWORKS = {"ip4": 4, "ip6": 6}


def checks_of(row: Fields, lacks: Lacks) -> list[dict[str, Any]]:
    """The fields of the check, and of one more where the end of the domain is looked at, too. Raises
    NoCounterpart.
    """
    written = [text for _, text in row.items("conditions")]
    days = [ends for text in written if (ends := domain_days(text)) is not None]
    if not days:
        return [_check(row, lacks)]
    if len(days) == len(written):
        return [_domain(row, max(days))]
    found = [_check(row, lacks)]
    try:
        return [*found, _domain(row, max(days))]
    except NoCounterpart as why:
        lacks(f"the end of its domain, since {why}")
        return found


def _domain(row: Fields, days: int) -> dict[str, Any]:
    """Registries are asked at most every hour."""
    domain = host_of(row.text("url")) or ""
    check = DomainCheck(domain=domain, expiry_threshold=min(days, _LONGEST_WARNING))
    if next(check.problems(), None) is not None:
        raise NoCounterpart(f"'{domain}' is no domain whose registration could end")
    interval = max(row.seconds("interval") or 0, check.least_interval_s)
    return {
        "type": "domain",
        "domain": domain,
        "expiry_threshold": check.expiry_threshold,
        "interval": interval,
        "timeout": row.inner("client").seconds("timeout") or _USUAL_TIMEOUT_S,
    }


def _check(row: Fields, lacks: Lacks) -> dict[str, Any]:
    client = row.inner("client")
    for name in _NOT_HERE:
        if client.has(name):
            raise NoCounterpart(f"its client has {name}")
    for name in client.named():
        if name not in _CLIENT:
            lacks(f"client.{name}")
    if unfilled := _UNFILLED.search(row.text("body")):
        lacks(f"the placeholder {unfilled[0]} in its body")
    url = row.text("url")
    if row.has("dns"):
        values = _dns(row, url)
    else:
        scheme = url.partition("://")[0]
        if scheme not in _SCHEMES:
            raise NoCounterpart(f"uptop has no check of {scheme or 'such a URL'}")
        values = _SCHEMES[scheme](row, url, client)
    if client.has("proxy-url"):
        if values["type"] == "http":
            values["proxy"] = client.text("proxy-url")
        else:
            lacks("client.proxy-url")
    values["timeout"] = client.seconds("timeout") or _USUAL_TIMEOUT_S
    return _with_conditions(row, values, lacks)


def _with_conditions(row: Fields, values: dict[str, Any], lacks: Lacks) -> dict[str, Any]:
    """The fields with what the conditions say. Where nothing is left of them the check would be up
    whatever it finds: that has no counterpart.
    """
    conditions: list[str] = []
    found: dict[str, Any] = {}
    lost: list[str] = []
    written = [one for one in row.items("conditions") if domain_days(one[1]) is None]
    for path, text in written:
        if not isinstance(text, str):
            row.tell_at(path, "must be a text such as [STATUS] == 200")
            continue
        try:
            said = translated(text, values["type"], values.get("dns_resolve_type", ""))
        except NoCounterpart:
            lost.append(text)
            continue
        conditions += said.pop("conditions", [])
        lost += [text for name in said if name in found and name != "expected"]
        records = [*found.get("expected", []), *said.get("expected", [])]
        found = {**said, **found} | ({"expected": records} if records else {})
    if lost and len(lost) == len(written):
        raise NoCounterpart(f"none of its conditions has a counterpart: {', '.join(lost)}")
    for text in lost:
        lacks(f"the condition {text}")
    if values["type"] == "http":
        found.setdefault("accepted_codes", ANY_CODE)
    return {**values, **found} | ({"conditions": conditions} if conditions else {})


def _http(row: Fields, url: str, client: Fields) -> dict[str, Any]:
    bare, login = without_login(url)
    values: dict[str, Any] = {
        "type": "http",
        "url": bare,
        "method": row.text("method", "GET").upper(),
        "ignore_tls": client.flag("insecure"),
    }
    headers = _headers(row)
    if body := _body(row):
        if row.flag("graphql"):
            body = json.dumps({"query": body}, ensure_ascii=False)
            if "content-type" not in {name.lower() for name in headers}:
                headers["Content-Type"] = "application/json"
        values["body"] = body
    if not has_authorization(headers):
        values |= login
    if headers:
        values["headers"] = headers
    if client.flag("ignore-redirect"):
        values["follow_redirects"] = 0
    return values


def _port(row: Fields, url: str, client: Fields) -> dict[str, Any]:
    values: dict[str, Any] = {"type": "port", **_address(row, url)}
    if body := _body(row):
        values["send"] = escaped(body)
    return values | ({"ignore_tls": True} if client.flag("insecure") else {})


def _tls(row: Fields, url: str, client: Fields) -> dict[str, Any]:
    if row.has("body"):
        return {**_port(row, url, client), "tls": True}
    return {"type": "tls", **_address(row, url), "ignore_tls": client.flag("insecure")}


def _starttls(row: Fields, url: str, client: Fields) -> dict[str, Any]:
    return {**_tls(row, url, client), "starttls": "smtp"}


def _ping(row: Fields, url: str, client: Fields) -> dict[str, Any]:  # noqa: ARG001  one signature
    values: dict[str, Any] = {"type": "ping", "hostname": url.removeprefix("icmp://").strip("[]/")}
    network = client.text("network")
    return values | ({"ip_version": _NETWORKS[network]} if network in _NETWORKS else {})


def _websocket(row: Fields, url: str, client: Fields) -> dict[str, Any]:
    bare, login = without_login(url)
    values: dict[str, Any] = {"type": "websocket", "url": bare, "send": _body(row)}
    values["ignore_tls"] = client.flag("insecure")
    headers = _headers(row)
    if login and not has_authorization(headers):
        headers |= basic_header(**login)
    return values | ({"headers": headers} if headers else {})


def _ssh(row: Fields, url: str, client: Fields) -> dict[str, Any]:  # noqa: ARG001  one signature
    login = row.inner("ssh")
    if any(login.has(name) for name in ("username", "password", "private-key")):
        raise NoCounterpart("it logs in and runs a command")
    return {"type": "ssh", **_address(row, url, 22)}


def _grpc(row: Fields, url: str, client: Fields) -> dict[str, Any]:
    values = {"type": "grpc", **_address(row, url), "tls": url.startswith("grpcs://")}
    return values | ({"ignore_tls": True} if client.flag("insecure") else {})


_SCHEMES: dict[str, Callable[[Fields, str, Fields], dict[str, Any]]] = {
    "http": _http,
    "https": _http,
    "tcp": _port,
    "tls": _tls,
    "starttls": _starttls,
    "icmp": _ping,
    "ssh": _ssh,
    "grpc": _grpc,
    "grpcs": _grpc,
    "ws": _websocket,
    "wss": _websocket,
}


def _dns(row: Fields, url: str) -> dict[str, Any]:
    asked = row.inner("dns")
    values: dict[str, Any] = {"type": "dns", "hostname": asked.text("query-name").rstrip(".")}
    if kind := asked.text("query-type"):
        values["dns_resolve_type"] = kind.upper()
    server = url.partition("://")[2] or url
    try:
        parse_server(server)
    except ValueError:
        raise NoCounterpart(f"its DNS server {server} is no address") from None
    values["dns_server"] = server.removesuffix(":53") if server.count(":") == 1 else server
    return values


def _body(row: Fields) -> str:
    """The body, with what is known beforehand filled in."""
    body = row.text("body")
    for placeholder, field in _FILLED.items():
        body = body.replace(placeholder, row.text(field))
    return body


def _headers(row: Fields) -> dict[str, str]:
    headers = row.inner("headers")
    return {name: headers.text(name).strip() for name in headers.named()}


def _address(row: Fields, url: str, usual: int | None = None) -> dict[str, Any]:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or usual
    except ValueError:
        host, port = None, None
    if not host or port is None:
        row.tell("url", "must have a host and a port, such as tcp://db.example.com:5432")
        return {"hostname": "unread.invalid", "port": 1}  # so that no rule finds more fault with it
    return {"hostname": host, "port": port}
