"""The command `uptop-leader`. Each module of this folder is one subcommand, named like it.

Modules are imported when their command is wanted, and import what they need when they run, so that
`--help` is quick.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

import click

from uptop_core.errors import InputError, SealError, UptopError
from uptop_core.escaping import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

OK, FAILED, WRONG_USAGE, WOULD_CHANGE = 0, 1, 2, 3

_DEFAULT = "serve"
_OWN_OPTIONS = ("-h", "--help", "--version")
_LINE_LIMIT = 2000


class _Commands(click.Group):
    """The modules of this folder. Without the name of one, `serve` is meant."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """The names of all subcommands; a module that begins with `_` is none."""
        names = (module.name for module in iter_modules(__path__))
        return sorted(_command_name(name) for name in names if not name.startswith("_"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The subcommand of that name, which its module holds under the module's own name."""
        if cmd_name not in self.list_commands(ctx):
            return None
        modules = (module.name for module in iter_modules(__path__))
        name = next(name for name in modules if _command_name(name) == cmd_name)
        command = getattr(import_module(f"{__name__}.{name}"), name)
        assert isinstance(command, click.Command), f"{name} holds no command"  # noqa: S101
        return command

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """A line for each subcommand and none left empty, so that all of them fit one screen."""
        self.format_usage(ctx, formatter)
        formatter.write_text(self.help or "")
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        room = formatter.width - 2 - max(len(name) for name, _ in commands) - 2
        formatter.write("Commands:\n")
        with formatter.indentation():
            formatter.write_dl(
                [(name, each.get_short_help_str(room)) for name, each in commands if each]
            )
        formatter.write_text(self.epilog or "")

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Flags without a subcommand are those of `serve`."""
        if not args or (args[0].startswith("-") and args[0] not in _OWN_OPTIONS):
            args = [_DEFAULT, *args]
        return super().parse_args(ctx, args)


def _command_name(module: str) -> str:
    """`import_` is the module of the command `import`."""
    return module.rstrip("_").replace("_", "-")


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Settings: UPTOP_ variables and .env. Exit: 0 done, 1 failed, 2 wrong usage.",
)
@click.version_option(package_name="uptop-leader", message="uptop-leader %(version)s", hidden=True)
def program() -> None:
    """The leader of uptop: keeps monitors, judges results, notifies people."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code. What people can put right makes no traceback."""
    try:
        code = program.main(arguments, prog_name="uptop-leader", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return FAILED
    except BrokenPipeError:  # whoever read our output has enough of it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except (InputError, SealError) as error:  # keys are a setting: the same again would not help
        _tell(error)
        return WRONG_USAGE
    except UptopError as error:
        _tell(error)
        return FAILED
    return code if isinstance(code, int) else OK


def _tell(error: UptopError) -> None:
    for line in str(error).splitlines():
        click.echo(escape(line, _LINE_LIMIT), err=True)
