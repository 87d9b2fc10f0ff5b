"""The default texts of notifications: short and clear for a person woken at night."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uptop_leader.messages import Message

# A clause in square brackets is left out when a word in it is not known.
_TITLES = {
    "down": "DOWN: {name}",
    "up": "UP: {name}[ — was down for {lasted}]",
    "down_and_up": "UP again: {name}[ — was down for {lasted}]",
    "unknown": "UNKNOWN: {name}",
    "partial": "PARTIAL: {name}",
    "degraded": "DEGRADED: {name}",
    "late": "LATE: {name}",
    "cert": "CERTIFICATE: {name}",
    "reminder": "STILL DOWN: {name}[ — for {lasted}]",
    "flapping": "FLAPPING: {name}[ — now {status}]",
    "paused": "PAUSED: {name}",
    "deleted": "DELETED: {name}",
    "over": "OVER: {name}",
    "node_offline": "NODE OFFLINE: {name}",
    "node_online": "NODE ONLINE: {name}",
    "odd_one": "ODD ONE OUT: {name}",
    "blind": "BLIND: {name}[ — for {lasted}]",
    "nodes_flapping": "NODES FLAPPING: {name}",
    "nodes_settled": "NODES QUIET: {name}",
    "digest": "{lines} notifications[: {status}]",
    "test": "TEST: {name}",
}

_SENTENCES = {
    "down": "{name} is down[ since {since}]",
    "up": "{name} is up again[ since {until}][. It was down for {lasted}, since {since}]",
    "down_and_up": "{name} was down[ for {lasted}][, from {since} to {until},] and is up again",
    "unknown": "It is not known whether {name} is up[, since {since}]",
    "partial": "{name} is down from some places and up from others[, since {since}]",
    "degraded": "{name} is up, but not as it should be[, since {since}]",
    "late": "{name} has not reported in time[, since {since}]",
    "cert": "The certificate of {name} needs attention",
    "reminder": "{name} is still down[, since {since}]",
    "flapping": "{name} keeps going up and down, so further changes are not announced until it has calmed down",
    "paused": "{name} was paused while it was down, so its incident is closed",
    "deleted": "{name} was deleted while it was down, so its incident is closed",
    "over": "This is over for {name}",
    "node_offline": "The node {name} has not been heard[ since {since}]",
    "node_online": "The node {name} is heard again[ since {until}]",
    "odd_one": "The node {name} sees monitors down that other nodes see up[, since {since}]",
    "blind": "The node {name} was blind[ from {since} to {until}]: its own network failed",
    "nodes_flapping": "Nodes keep coming and going, so further changes are not announced until they have calmed down",
    "nodes_settled": "The nodes that came and went have calmed down",
    "test": "This is a test message of uptop. The channel {name} works",
}

# A unit and its seconds, and the next smaller one.
_UNITS = (("d", 86_400, "h", 3600), ("h", 3600, "min", 60), ("min", 60, "s", 1))


def title(message: Message) -> str:
    """One line: what happened to whom."""
    form = _TITLES.get(message.event, message.event.upper() + ": {name}")
    return _fill(form, message)


def heading(message: Message) -> str:
    """What happened in one word or two, as the title begins: `DOWN`, `UP again`."""
    return _TITLES.get(message.event, message.event.upper()).partition(":")[0]


def body(message: Message) -> str:
    """A sentence with the reasons and the places, then what helps: target, detail, links."""
    if message.event == "digest":
        first = ""
    else:
        first = _sentence(message)
    labelled = (("Target", message.target), ("Runbook", message.runbook), ("", message.url))
    more = [f"{label}: {text}" if label else text for label, text in labelled if text]
    if message.instead_of:
        more.append(f"Sent here because the channel {message.instead_of} does not get through.")
    return "\n".join(part for part in (first, message.detail, *message.lines, *more) if part)


def clock(moment: int | None, at: int) -> str:
    """A moment for people: `12:03:10 UTC`, with the date when it is not the day of `at`."""
    if moment is None:
        return ""
    then, now = (datetime.fromtimestamp(ms / 1000, UTC) for ms in (moment, at))
    same_day = then.date() == now.date()
    return then.strftime("%H:%M:%S UTC" if same_day else "%Y-%m-%d %H:%M:%S UTC")


def lasted(message: Message) -> str:
    """How long it has been: from the start to the end, or until now; empty without a start."""
    if message.started_at is None:
        return ""
    end = message.ended_at if message.ended_at is not None else message.at
    return duration(end - message.started_at)


def duration(ms: int) -> str:
    """A duration for people in its two largest units: `4 min 12 s`, `2 d 3 h`."""
    seconds = max(0, round(ms / 1000))
    for large, size, small, part in _UNITS:
        if seconds >= size:
            count, rest = divmod(seconds, size)
            rest //= part
            return f"{count} {large} {rest} {small}" if rest else f"{count} {large}"
    return f"{seconds} s"


def _sentence(message: Message) -> str:
    form = _SENTENCES.get(message.event, "{name}: {status}")
    text = _fill(form, message)
    text += f": {message.reasons}." if message.reasons else "."
    return f"{text} Seen from {', '.join(message.regions)}." if message.regions else text


def _fill(form: str, message: Message) -> str:
    words = {
        "name": message.monitor,
        "status": message.status or ("" if message.lines else message.event),
        "since": clock(message.started_at, message.at),
        "until": clock(message.ended_at, message.at),
        "lasted": lasted(message),
        "lines": str(len(message.lines)),
    }

    def clause(match: re.Match[str]) -> str:
        names = re.findall(r"{(\w+)}", match[1])
        return match[1] if all(words[name] for name in names) else ""

    return re.sub(r"\[([^\]]*)\]", clause, form).format(**words)
