"""What monitors of Uptime Kuma ask by http, and what kinds like it have in common: the address, who
logs in, what is sent, and the proxy.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from uptop_core.conditions.json_path import parse_path
from uptop_core.conditions.language import read_number
from uptop_leader.imports.fields import has_authorization, json_within, without_login
from uptop_leader.imports.gathering import NoCounterpart, quoted

if TYPE_CHECKING:
    from collections.abc import Callable

    from uptop_leader.imports.fields import Fields

    Lacks = Callable[[str], None]
    """Takes a part of a monitor that has no counterpart."""

_LACKING = ("cacheBust", "retryOnlyOnStatusCodeFailure", "domainExpiryNotification")
_MOST_REDIRECTS = 30
_CONTENT_TYPES = {
    "json": "application/json",
    "form": "application/x-www-form-urlencoded",
    "xml": "text/xml; charset=utf-8",
}
_IP_VERSIONS = {"ipv4": 4, "ipv6": 6}
_JSON_SIGNS = re.compile(r'"[:,\]}]|[:,\[{]"')
_COUNTED = re.compile(r"\$count\(\s*([^()]+?)\s*\)")
_PROXIES = {
    "http": "http",
    "https": "https",
    "socks": "socks5",
    "socks5": "socks5",
    "socks5h": "socks5",
}


def http(row: Fields, lacks: Lacks) -> dict[str, Any]:
    """A URL, and what may be answered."""
    url, in_url = without_login(row.text("url"))
    body, login = _body(row), login_of(row)
    if has_authorization(body.get("headers", {})):
        in_url, login = {}, {}
    values: dict[str, Any] = {
        "type": "http",
        "url": url,
        "method": row.text("method", "GET").upper() or "GET",
        "ignore_tls": row.flag("ignoreTls"),
        "check_ssl": row.flag("expiryNotification"),
        **body,
        **(login or in_url),
        **timeout_of(row),
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
    for name in _LACKING:
        if row.has(name):
            lacks(name)
    return values


def keyword(row: Fields, lacks: Lacks) -> dict[str, Any]:
    """A word that must be in the body, or must not."""
    values = http(row, lacks)
    if word := row.text("keyword"):
        there = f"body contains {quoted(word)}"
        pattern = re.escape(word)
        if _JSON_SIGNS.search(word):
            pattern = _as_json(word)
            there = f"body matches {quoted(pattern)}"
        values["conditions"] = [_absent(pattern) if row.flag("invertKeyword") else there]
    return values


def _as_json(word: str) -> str:
    """The pattern for a keyword out of JSON, which Kuma writes anew, without spaces, before it looks
    for it: what the target puts between the signs does not count.
    """
    pieces = re.split(r"([{}\[\],:])", word)
    return r"\s*".join(re.escape(piece) for piece in pieces if piece)


def json_query(row: Fields, lacks: Lacks) -> dict[str, Any]:
    """A value in the body. Raises NoCounterpart for a query that is more than a path."""
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
    return {**http(row, lacks), "conditions": [f"{word}({path}) {operator} {operand}"]}


def _absent(pattern: str) -> str:
    """The condition that a pattern is nowhere in the body."""
    return "body matches " + quoted(rf"\A(?![\s\S]*{pattern})")


def timeout_of(row: Fields) -> dict[str, Any]:
    """How long a look may take, if that is written."""
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


def login_of(row: Fields) -> dict[str, Any]:
    """Who logs in. Raises NoCounterpart for ways that are not known here."""
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
