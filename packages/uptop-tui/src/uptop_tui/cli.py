"""`uptop-tui`: reads flags and settings, and opens the screen or prints the overview once.

The exit code of `--once` says how it is: 0 nothing is down, 1 something is, 2 wrong usage, 3 the
leader is away or refused.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import msgspec

from uptop_core.errors import InputError, LeaderError, Problem, SettingError
from uptop_core.settings import read_settings
from uptop_tui.asking import ask, explain
from uptop_tui.filtering import FIELDS, Filter, read_filter
from uptop_tui.leaders import choose, user_leaders
from uptop_tui.overview import Overview, lines
from uptop_tui.settings import TuiSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from uptop_tui.leaders import KeptLeader, Leaders

FINE, DOWN, USAGE, AWAY = range(4)
TOKEN_HINT = "set UPTOP_TOKEN or use --token-file"  # noqa: S105  a sentence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run with the command line and the environment of the process; the exit code."""
    flags = _parser().parse_args(arguments)
    if not flags.once and (flags.json or flags.filter):
        return _complain(USAGE, "--json and --filter go with --once")
    if not flags.once and not (sys.stdin.isatty() and sys.stdout.isatty()):
        what = "this is no terminal: `uptop-tui --once` prints the overview as plain text"
        return _complain(USAGE, what)
    leaders = user_leaders()
    try:
        leader = _leader(flags, leaders)
        wanted = _wanted(flags.filter)
    except InputError as error:
        return _complain(USAGE, str(error))
    if flags.once:
        return _print_once(leader, wanted, as_json=flags.json)
    from uptop_tui.opening import open_screen  # Textual is not for who only prints

    return open_screen(leader, leaders)


def read(flags: argparse.Namespace, environ: Mapping[str, str]) -> TuiSettings:
    """The settings, from flags, environment and `.env`; SettingError tells what is wrong."""
    overrides = {"url": flags.url, "token": _token(flags.token_file)}
    return read_settings(TuiSettings, environ, dotenv=Path(".env"), overrides=overrides)


def _leader(flags: argparse.Namespace, leaders: Leaders) -> KeptLeader | None:
    """The leader that is meant. A flag stands above the environment: `--leader` above UPTOP_URL."""
    settings = read(flags, os.environ)
    url = "" if flags.leader and not flags.url else settings.url
    return choose(url, settings.token, flags.leader or "", leaders.read())


def _print_once(leader: KeptLeader | None, wanted: Filter, *, as_json: bool) -> int:
    if leader is None:
        what = "UPTOP_URL: must be set: the leader's URL (flag --url); no leader is kept yet"
        return _complain(USAGE, what)
    try:
        overview = anyio.run(ask, leader, wanted)
    except LeaderError as error:
        return _complain(AWAY, explain(error, leader, TOKEN_HINT))
    sys.stdout.write(_shown(overview, wanted, as_json=as_json))
    return DOWN if overview.is_down else FINE


def _wanted(written: Sequence[str]) -> Filter:
    try:
        return Filter(tuple(word for one in written for word in read_filter(one).words))
    except ValueError as error:
        raise SettingError([Problem("--filter", str(error))]) from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="uptop-tui",
        description="The terminal UI of uptop: everything an operator does. The first start asks for the"
        " leader's URL and a token, and keeps them.",
        epilog="Exit codes of --once: 0 nothing is down, 1 something is, 2 wrong usage, 3 the leader is away"
        " or refuses. Settings: UPTOP_URL, UPTOP_TOKEN.",
    )
    parser.add_argument(
        "--once", action="store_true", help="print the overview as plain text and stop"
    )
    parser.add_argument("--json", action="store_true", help="with --once: print it as JSON")
    parser.add_argument(
        "--filter",
        action="append",
        default=[],
        metavar="WORDS",
        help="with --once: only monitors that match every word: text, !text,"
        f" {', '.join(f'{name}:…' for name in FIELDS)}",
    )
    parser.add_argument("--url", help="the leader's URL (UPTOP_URL)")
    parser.add_argument(
        "--token-file", type=Path, help="a file that holds an API token (else UPTOP_TOKEN)"
    )
    parser.add_argument("--leader", metavar="NAME", help="the name of a kept leader")
    version = f"uptop-tui {metadata.version('uptop-tui')}"
    parser.add_argument("--version", action="version", version=version)
    return parser


def _token(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        token = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        what = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise SettingError([Problem("--token-file", f"cannot read {path}: {what}")]) from None
    if not token:
        raise SettingError([Problem("--token-file", f"{path} is empty")])
    return token


def _shown(overview: Overview, wanted: Filter, *, as_json: bool) -> str:
    if as_json:
        return msgspec.json.format(msgspec.json.encode(overview), indent=2).decode() + "\n"
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    return "".join(f"{line}\n" for line in lines(overview, columns, is_filtered=bool(wanted.words)))


def _complain(code: int, sentence: str) -> int:
    sys.stderr.write(f"uptop-tui: {sentence}\n")
    return code
