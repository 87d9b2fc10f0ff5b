"""Writes what the documents say of kinds and settings from the code itself: `hatch run docs`.

`docs/checks.md`, `docs/channels.md`, `docs/settings.md` and `.env.example` are made here and never
edited by hand; a test compares them with what this makes.
"""

from __future__ import annotations

import inspect
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import inspect as shapes

from uptop_core.check import Check
from uptop_core.kinds import KINDS
from uptop_core.settings import Described, Settings, describe
from uptop_leader.provider_kinds import PROVIDERS
from uptop_leader.settings import LeaderSettings
from uptop_probe.settings import ProbeSettings
from uptop_tui.settings import TuiSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
MODELS: dict[str, type[Settings]] = {
    "leader": LeaderSettings,
    "probe": ProbeSettings,
    "terminal UI": TuiSettings,
}

_MADE = "Generated from the code by `hatch run docs`: edit the code, not this."


def pages() -> dict[str, str]:
    """Every generated file: its path from the root → its text."""
    return {
        "docs/checks.md": _checks(),
        "docs/channels.md": _channels(),
        "docs/settings.md": _settings_page(),
        ".env.example": _env_example(),
    }


def _checks() -> str:
    intro = (
        "# Checks\n\n"
        f"{_MADE} Fields that all monitors have, and conditions:\n"
        "[configuration as code](configuration-as-code.md#fields-of-every-monitor). Examples by purpose:\n"
        "[how do I monitor …?](recipes.md)\n"
    )
    return "\n".join([intro, *(_kind(name, kind) for name, kind in sorted(KINDS.items()))])


def _channels() -> str:
    intro = (
        "# Channels\n\n"
        f"{_MADE}\n\n"
        "The fields below belong under `settings:` of an entry of `alerts:`; the fields that all channels have\n"
        "are in [configuration as code](configuration-as-code.md#fields-of-every-channel). What is told when:\n"
        "[notifications](notifications.md).\n"
    )
    return "\n".join([intro, *(_kind(name, kind) for name, kind in sorted(PROVIDERS.items()))])


def _kind(name: str, kind: type[Any]) -> str:
    """One kind: what its module says it is, what its class says of the fields, the fields."""
    module = (inspect.getdoc(inspect.getmodule(kind)) or "").partition("\n\n")[0]
    sentence = " ".join(module.partition(":")[2].split())
    rows = list(_rows(kind))
    parts = [f"## {name}", f"{sentence[:1].upper()}{sentence[1:]}", inspect.getdoc(kind) or ""]
    if kind.example:
        entry = _monitor_example if issubclass(kind, Check) else _channel_example
        parts.append(f"```yaml\n{entry(name, kind.example)}\n```")
    if rows:
        parts.append("\n".join(["| field | default | allowed |", "|---|---|---|", *rows]))
    return "\n\n".join(parts) + "\n"


def _monitor_example(kind: str, settings: str) -> str:
    return f"monitors:\n  - {{name: Watched, type: {kind}, {settings}}}"


def _channel_example(kind: str, settings: str) -> str:
    return f"alerts:\n  - {{name: ops, type: {kind}, settings: {{{settings}}}}}"


def _rows(kind: type[Any]) -> Iterator[str]:
    struct = shapes.type_info(kind)
    assert isinstance(struct, shapes.StructType)  # noqa: S101  kinds are structs
    for field in struct.fields:
        if field.name == "conditions":
            continue  # every kind has them; they have a chapter of their own
        default = "required" if field.required else _written(field.default)
        names = {field.name, field.encode_name}
        secret = ", a secret" if names & set(kind.secrets) else ""
        yield f"| `{field.encode_name}` | {default} | {_allowed(field.type)}{secret} |"


def _written(default: object) -> str:
    """A default as one would write it in YAML; empty ones have nothing to write."""
    if default in (None, "", (), {}) or default is msgspec.NODEFAULT:
        return "–"
    return f"`{msgspec.json.encode(default).decode().strip(chr(34))}`"


def _allowed(shape: shapes.Type) -> str:
    match shape:
        case shapes.LiteralType():
            return ", ".join(f"`{value}`" for value in shape.values)
        case shapes.BoolType():
            return "true or false"
        case shapes.IntType() | shapes.FloatType():
            noun = "a whole number" if isinstance(shape, shapes.IntType) else "a number"
            return " ".join([noun, *_limits(shape)])
        case shapes.VarTupleType() | shapes.ListType():
            return f"a list: {_allowed(shape.item_type)}"
        case shapes.DictType():
            return "names and values"
        case shapes.UnionType():
            some = [part for part in shape.types if not isinstance(part, shapes.NoneType)]
            return " or ".join(_allowed(part) for part in some)
        case shapes.EnumType():
            return ", ".join(f"`{member.value}`" for member in shape.cls)
        case _:
            return "text"


def _limits(shape: shapes.IntType | shapes.FloatType) -> Iterator[str]:
    for words, bound in (
        ("from", shape.ge),
        ("above", shape.gt),
        ("to", shape.le),
        ("below", shape.lt),
    ):
        if bound is not None:
            yield f"{words} {bound:g}" if abs(bound) < 1e5 else f"{words} {bound:,.0f}"


def _settings_page() -> str:
    lines = [
        "# Settings",
        "",
        f"{_MADE}",
        "",
        "Settings are environment variables. A file `.env` in the directory in which a program is started is",
        "read too ([.env.example](../.env.example) is one to copy). Flags override environment variables, and",
        "these the file. A value that is not allowed stops the start with a line that names it; a variable",
        "that does not exist is warned of. Times are written as `30s`, `5m`, `12h`, `7d`.",
    ]
    for group, settings in _grouped().items():
        lines += ["", f"## {group}", "", "| variable | of | default | allowed | meaning |"]
        lines += ["|---|---|---|---|---|"]
        lines += [
            _settings_row(variable, roles, setting)
            for variable, by_role in settings.items()
            for roles, setting in _alike(by_role)
        ]
    return "\n".join(lines) + "\n"


def _alike(by_role: dict[str, Described]) -> list[tuple[str, Described]]:
    """What roles say of a variable; those that say the same are told together."""
    told: dict[str, tuple[list[str], Described]] = {}
    for role, setting in by_role.items():
        told.setdefault(_settings_row("", "", setting), ([], setting))[0].append(role)
    return [(", ".join(roles), setting) for roles, setting in told.values()]


def _settings_row(variable: str, roles: str, setting: Described) -> str:
    default = "required" if setting.required else f"`{setting.default}`" if setting.default else "–"
    meaning = setting.help + (" (a secret)" if setting.secret else "")
    if not setting.built:
        meaning += "; not built yet: setting it stops the start"
    cells = (f"`{variable}`", roles, default, setting.allowed, meaning)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _env_example() -> str:
    lines = [
        "# Every setting of uptop. Copy this file to `.env` in the directory in which uptop is started, and",
        "# remove the # from the lines you set. Flags and environment variables override the file. The",
        "# values shown are the defaults, where there are any. Leader and probe may share one file.",
        f"# {_MADE}",
    ]
    for group, settings in _grouped().items():
        lines += ["", f"# ---- {group} ".ljust(78, "-")]
        for variable, described in settings.items():
            lines += ["", *_setting(variable, described)]
    return "\n".join(lines) + "\n"


def _grouped() -> dict[str, dict[str, dict[str, Described]]]:
    """Group → variable → role → what that role says of it; a variable stands in one group."""
    groups: dict[str, dict[str, dict[str, Described]]] = {}
    home: dict[str, str] = {}
    for role, model in MODELS.items():
        for setting in describe(model):
            group = home.setdefault(setting.variable, setting.group)
            groups.setdefault(group, {}).setdefault(setting.variable, {})[role] = setting
    return groups


def _setting(variable: str, by_role: dict[str, Described]) -> Iterator[str]:
    told = list(by_role.values())
    built = any(setting.built for setting in told)
    for role, setting in by_role.items():
        required = " (required)" if setting.required else ""
        later = " (not built yet there)" if built and not setting.built else ""
        yield from _comment(f"{role}: {setting.help}{required}{later}")
    alike = len({setting.allowed for setting in told}) == 1
    for role, setting in list(by_role.items())[: 1 if alike else None]:
        yield from _comment(f"Allowed{'' if alike else f' ({role})'}: {setting.allowed}")
    defaults = {setting.default for setting in told}
    if len(defaults) > 1:
        for role, setting in by_role.items():
            yield f"# Default ({role}): {setting.default or 'none'}"
    if not built:
        yield "# Not built yet in this version: setting it stops the start."
    default = defaults.pop() if len(defaults) == 1 else ""
    yield f'#{variable}="{default}"' if " " in default else f"#{variable}={default}"


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text, 98, initial_indent="# ", subsequent_indent="#   ")


def main() -> None:
    """Write every generated file."""
    for path, text in pages().items():
        (ROOT / path).write_text(text, encoding="utf-8")
        sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main()
