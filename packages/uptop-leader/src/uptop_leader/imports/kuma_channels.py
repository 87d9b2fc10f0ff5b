"""The notifications of Uptime Kuma that have a counterpart: the settings of each → a channel's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uptop_leader.declared.document import Entry
from uptop_leader.imports.fields import json_within
from uptop_leader.imports.gathering import Gathering, NoCounterpart
from uptop_leader.imports.kuma_http import text_headers

if TYPE_CHECKING:
    from collections.abc import Callable

    from uptop_leader.imports.fields import Fields

_TLS_PORT = 465


def gather(top: Fields, gathering: Gathering) -> dict[str, tuple[str, bool]]:
    """Gather the channels. Gives the name of each by its number in the file, and whether it was
    taken.
    """
    names: dict[str, tuple[str, bool]] = {}
    for row in top.rows("notificationList"):
        settings = _settings(row)
        kind, id = settings.text("type"), row.text("id")
        wanted = (row.text("name") or settings.text("name")).strip()
        if not wanted:
            row.tell("name", "is required")
            continue
        name = gathering.free_name("channels", wanted, f"{wanted} #{id}")
        names[id] = (name, kind in CHANNELS)
        if kind not in CHANNELS:
            gathering.left_out(f"alert {name} ({kind})", "uptop has no provider of that kind")
            continue
        provider, write, lacking = CHANNELS[kind]
        try:
            values = {"name": name, "type": provider, "settings": write(settings)}
        except NoCounterpart as why:
            names[id] = (name, False)
            gathering.left_out(f"alert {name} ({kind})", str(why))
            continue
        for part in lacking:
            if settings.has(part):
                gathering.without(part, f"alert {name}")
        if settings.text("webhookContentType") == "form-data":
            gathering.without("the form around its data", f"alert {name}")
        gathering.channels.append(Entry(path=row.path, values=values))
    return names


def _settings(row: Fields) -> Fields:
    """The settings: a text of JSON in `config`, or beside the name."""
    value = row.raw("config")
    if isinstance(value, str):
        value = json_within(value)
        if not isinstance(value, dict):
            row.tell("config", "must be a JSON object")
            value = {}
        return row.within(value, "config")
    return row.inner("config") if value is not None else row


def _only(**fields: str) -> Callable[[Fields], dict[str, Any]]:
    """Settings that are texts, by the name that each has there."""

    def write(row: Fields) -> dict[str, Any]:
        return {ours: row.text(theirs).strip() for ours, theirs in fields.items()}

    return write


def _telegram(row: Fields) -> dict[str, Any]:
    values = {"token": row.text("telegramBotToken"), "chat_id": row.text("telegramChatID")}
    if url := row.text("telegramServerUrl").rstrip("/"):
        values["api_url"] = url
    return values


def _webhook(row: Fields) -> dict[str, Any]:
    method = (row.text("httpMethod") or "post").upper()
    if method == "GET":
        raise NoCounterpart("it asks by GET, and a message is sent")
    values: dict[str, Any] = {"url": row.text("webhookURL"), "method": method}
    if headers := text_headers(row, "webhookAdditionalHeaders"):
        values["headers"] = headers
    return values


def _email(row: Fields) -> dict[str, Any]:
    secure = row.flag("smtpSecure")
    port = row.whole("smtpPort") or (_TLS_PORT if secure else 587)
    if secure and port != _TLS_PORT:
        raise NoCounterpart(f"TLS from the start is spoken at port {_TLS_PORT} only, not {port}")
    receivers = [row.text(name).strip() for name in ("smtpTo", "smtpCC")]
    values: dict[str, Any] = {
        "host": row.text("smtpHost"),
        "port": port,
        "from": row.text("smtpFrom"),
        "to": ", ".join(one for one in receivers if one),
    }
    if user := row.text("smtpUsername"):
        values |= {"user": user, "pass": row.text("smtpPassword")}
    return values


def _ntfy(row: Fields) -> dict[str, Any]:
    values: dict[str, Any] = {"topic": row.text("ntfytopic")}
    if url := row.text("ntfyserverurl").rstrip("/"):
        values["url"] = url
    if (priority := row.whole("ntfyPriority")) is not None:
        values["priority"] = priority
    method = row.text("ntfyAuthenticationMethod")
    if method == "accessToken":
        values["password"] = row.text("ntfyaccesstoken")
    elif row.text("ntfyusername") and method in ("", "usernamePassword"):
        values |= {"username": row.text("ntfyusername"), "password": row.text("ntfypassword")}
    return values


def _pagerduty(row: Fields) -> dict[str, Any]:
    values = {
        "routing_key": row.text("pagerdutyIntegrationKey"),
        "severity": row.text("pagerdutyPriority") or "warning",
    }
    if url := row.text("pagerdutyIntegrationUrl").removesuffix("/v2/enqueue"):
        values["api_url"] = url
    return values


def _gotify(row: Fields) -> dict[str, Any]:
    values: dict[str, Any] = {
        "url": row.text("gotifyserverurl").rstrip("/"),
        "token": row.text("gotifyapplicationToken"),
    }
    if (priority := row.whole("gotifyPriority")) is not None:
        values["priority"] = priority
    return values


def _opsgenie(row: Fields) -> dict[str, Any]:
    return {
        "api_key": row.text("opsgenieApiKey"),
        "priority": f"P{row.whole('opsgeniePriority') or 3}",
        "eu": row.text("opsgenieRegion") == "eu",
    }


_SLACK_LACKS = ("slackchannel", "slackusername", "slackiconemo", "slackTemplate")
CHANNELS: dict[str, tuple[str, Callable[[Fields], dict[str, Any]], tuple[str, ...]]] = {
    "apprise": ("apprise", _only(url="appriseURL"), ()),
    "discord": (
        "discord",
        _only(url="discordWebhookUrl"),
        ("threadId", "discordPrefixMessage", "discordUsername"),
    ),
    "gotify": ("gotify", _gotify, ()),
    "mattermost": ("slack", _only(url="mattermostWebhookUrl"), ("mattermostchannel",)),
    "ntfy": ("ntfy", _ntfy, ("ntfyIcon", "ntfyCall", "ntfyPriorityDown")),
    "Opsgenie": ("opsgenie", _opsgenie, ()),
    "PagerDuty": ("pagerduty", _pagerduty, ()),
    "pushover": (
        "pushover",
        _only(token="pushoverapptoken", user="pushoveruserkey"),  # noqa: S106  a field's name
        ("pushoverdevice", "pushoverttl"),
    ),
    "slack": ("slack", _only(url="slackwebhookURL"), _SLACK_LACKS),
    "smtp": (
        "email",
        _email,
        ("smtpBCC", "smtpIgnoreTLSError", "smtpIgnoreSTARTTLS", "smtpDkimDomain", "customSubject"),
    ),
    "telegram": (
        "telegram",
        _telegram,
        ("telegramMessageThreadID", "telegramTemplate", "telegramSendSilently"),
    ),
    "webhook": ("webhook", _webhook, ("webhookCustomBody",)),
}
