"""Reading the values of somebody else's file: each with its form, and its place where it is wrong."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from uptop_core.allowed import noun, show
from uptop_leader.declared.json_text import fault_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Tell = Callable[[str, str], None]
    """Takes the path of a value and what is wrong with it."""

_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,9})?", re.ASCII)
_LARGEST = 10**15  # beyond is no setting of anything; JSON may hold what no float can
_DURATION = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,9})?)(ns|us|µs|ms|s|m|h)", re.ASCII)
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_TRUE, _FALSE = (True, 1, "true", "True", "1"), (False, 0, "false", "False", "0")


class Fields:
    """A mapping of the file. What has another form than it should is told, and is as if it were not
    written; so is null.
    """

    def __init__(self, values: Mapping[str, Any], path: str, tell: Tell) -> None:
        self.path = path
        self._values = values
        self._tell = tell

    def place(self, name: str) -> str:
        """The path of one field."""
        return f"{self.path}.{name}" if self.path else name

    def tell(self, name: str, message: str) -> None:
        """Say what is wrong with one field."""
        self._tell(self.place(name), message)

    def tell_at(self, path: str, message: str) -> None:
        """Say what is wrong at a path that `items` gave."""
        self._tell(path, message)

    def raw(self, name: str) -> Any:
        """The value as it is; None where there is none."""
        return self._values.get(name)

    def has(self, name: str) -> bool:
        """Whether something is written there that says more than "nothing" or "no"."""
        return self._values.get(name) not in (None, False, "", 0, [], {})

    def named(self) -> Iterator[str]:
        """The names of what is written."""
        return (name for name in self._values if self.has(name))

    def text(self, name: str, default: str = "") -> str:
        """A text; numbers count as what they are written like."""
        value = self.raw(name)
        if value is None:
            return default
        if isinstance(value, str):
            return str(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
        self.tell(name, f"must be a text, not {noun(value)}")
        return default

    def number(self, name: str) -> float | None:
        """A number, also one that is written as a text."""
        value = self.raw(name)
        if value is None or value == "":
            return None
        if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
            value = float(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.tell(name, f"must be a number, not {show(value)}")
            return None
        if not abs(value) < _LARGEST:
            self.tell(name, "must be a number of at most 15 digits before the point")
            return None
        return int(value) if float(value).is_integer() else value

    def whole(self, name: str) -> int | None:
        """A whole number."""
        value = self.number(name)
        if value is not None and not isinstance(value, int):
            self.tell(name, f"must be a whole number, not {show(value)}")
            return None
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Yes or no."""
        value = self.raw(name)
        if value is None or value == "":
            return default
        if isinstance(value, bool | int | str) and value in (*_TRUE, *_FALSE):
            return value in _TRUE
        self.tell(name, f"must be true or false, not {show(value)}")
        return default

    def seconds(self, name: str) -> float | None:
        """A duration such as `1m30s`; a bare number is what Go takes it for, nanoseconds."""
        value = self.raw(name)
        if value is None or value == "":
            return None
        found = go_duration(value) if isinstance(value, str) else None
        if found is None and not isinstance(value, bool) and isinstance(value, int):
            found = value / 1e9
        if found is None:
            self.tell(name, f"must be a duration such as 30s or 1m30s, not {show(value)}")
        return found

    def items(self, name: str) -> list[tuple[str, Any]]:
        """What a list holds, each with its path."""
        value = self.raw(name)
        if value is None:
            return []
        if not isinstance(value, list):
            self.tell(name, f"must be a list, not {noun(value)}")
            return []
        return [(f"{self.place(name)}[{index}]", item) for index, item in enumerate(value)]

    def rows(self, name: str) -> list[Fields]:
        """The mappings that a list holds, or a mapping by the number of each."""
        value = self.raw(name)
        if isinstance(value, dict):
            entries = [(f"{self.place(name)}.{key}", item) for key, item in value.items()]
        else:
            entries = self.items(name)
        rows = []
        for path, item in entries:
            if isinstance(item, dict):
                rows.append(Fields(item, path, self._tell))
            else:
                self._tell(path, f"must be a mapping of fields, not {noun(item)}")
        return rows

    def inner(self, name: str) -> Fields:
        """A mapping within this one; empty where there is none."""
        value = self.raw(name)
        if value is not None and not isinstance(value, dict):
            self.tell(name, f"must be a mapping of fields, not {noun(value)}")
            value = None
        return Fields(value or {}, self.place(name), self._tell)

    def within(self, values: Mapping[str, Any], name: str) -> Fields:
        """Values that stand in one field as a text of their own."""
        return Fields(values, self.place(name), self._tell)


def json_within(text: str) -> Any:
    """What a field holds that is a text of JSON; None where it is none, or what no document may hold."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if fault_of(value, text) is None else None


def go_duration(text: str) -> float | None:
    """The seconds of a duration as Go writes it, such as `1m30s`; None when it is none."""
    text = text.strip()
    if text == "0":
        return 0.0
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    total = sum(float(number) * _UNITS[unit] for number, unit in parts)
    return round(total, 9)


def has_authorization(headers: Mapping[str, str]) -> bool:
    """Whether headers say who asks: then no other login is sent, there as here."""
    return any(name.lower() == "authorization" for name in headers)


def basic_header(username: str, password: str) -> dict[str, str]:
    """The header that says what `username` and `password` do, for kinds without these."""
    pair = base64.b64encode(f"{username}:{password}".encode()).decode("ascii")
    return {"Authorization": f"Basic {pair}"}


def without_login(url: str) -> tuple[str, dict[str, str]]:
    """A URL without `user:password@`, and these as the fields that they are here."""
    scheme, separator, rest = url.partition("://")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    login, at, host = authority.rpartition("@")
    if not at:
        return url, {}
    user, _, password = (unquote(part) for part in login.partition(":"))
    bare = scheme + separator + host + rest[len(authority) :]
    return bare, {"username": user, "password": password} if user else {}
