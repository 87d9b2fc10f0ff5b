"""Settings: environment variables, a `.env` file and flags → one frozen, typed value per role.

The one module that knows how variables are named and read. A role writes its settings as a
subclass of `Settings` whose fields are annotated with `Setting`; the field `http_port` is the
variable `UPTOP_HTTP_PORT` and the flag `--http-port`. Flags override the environment, the
environment overrides the file, an empty text is as good as none. Everything that is wrong is told
at once, one line each.
"""

from __future__ import annotations

import difflib
import types
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import Struct

from uptop_core.dotenv import Entry, parse_dotenv
from uptop_core.errors import Problem, SettingError
from uptop_core.forms import Form, form_for, several
from uptop_core.variables import VARIABLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

PREFIX = "UPTOP_"


class Setting(Struct, frozen=True, kw_only=True):
    """What is known of a setting beside its type and default: metadata for `Annotated`.

    `form` may be left out for bool, str, Path, Literal and tuples of these. `group` is the heading
    it stands under in `.env.example`. With `built` false the feature is not there yet, and setting
    the variable stops the start. The value of a `secret` is never shown.
    """

    help: str
    group: str
    form: Form[Any] | None = None
    built: bool = True
    secret: bool = False


class Settings(Struct, frozen=True, kw_only=True):
    """What the settings of every role have in common. Shows no secrets when printed."""

    def problems(self) -> Iterator[Problem]:
        """What is wrong with values that are fine one by one; problems name the fields."""
        yield from ()

    def __repr__(self) -> str:
        values = ((field, getattr(self, field.name)) for field in _fields(type(self)))
        shown = (
            f"{field.name}={'(hidden)' if field.setting.secret and value else repr(value)}"
            for field, value in values
        )
        return f"{type(self).__name__}({', '.join(shown)})"


T = TypeVar("T", bound=Settings)


class Described(Struct, frozen=True, kw_only=True):
    """One setting as the documents show it; `default` is the text to write, empty for none."""

    variable: str
    default: str
    required: bool
    help: str
    group: str
    allowed: str
    built: bool
    secret: bool


class _Field(Struct, frozen=True):
    """One field of a model with everything the reader needs."""

    name: str
    setting: Setting
    form: Form[Any]
    required: bool
    default: Any

    @property
    def variable(self) -> str:
        return PREFIX + self.name.upper()


class _Given(Struct, frozen=True):
    """A text that was given for a field; `place` names it to the person who gave it."""

    text: str
    place: str


def read_settings(
    model: type[T],
    environ: Mapping[str, str],
    *,
    dotenv: Path | None = None,
    overrides: Mapping[str, object] | None = None,
) -> T:
    """The settings of one role.

    `dotenv` may name a file that does not exist. `overrides` are flags by the names of fields;
    None is a flag that was not given. Raises SettingError with every problem found.
    """
    entries, problems = _read_file(dotenv)
    values: dict[str, Any] = {}
    for field in _fields(model):
        given = _given(field, environ, entries, overrides or {})
        if given is None:
            if field.required:
                problems.append(Problem(field.variable, f"must be set: {field.setting.help}"))
            continue
        try:
            values[field.name] = _value(field, given)
        except ValueError as error:
            problems.append(Problem(given.place, str(error)))
    if problems:
        raise SettingError(problems)
    settings = model(**values)
    if found := [_by_variable(problem) for problem in settings.problems()]:
        raise SettingError(found)
    return settings


def describe(model: type[Settings]) -> list[Described]:
    """Every setting of a model, in its order, for documents and tests."""
    return [
        Described(
            variable=field.variable,
            default="" if field.default in (None, "") else field.form.write(field.default),
            required=field.required,
            help=field.setting.help,
            group=field.setting.group,
            allowed=field.form.allowed,
            built=field.setting.built,
            secret=field.setting.secret,
        )
        for field in _fields(model)
    ]


def stray_variables(environ: Mapping[str, str], *, dotenv: Path | None = None) -> list[str]:
    """One warning for each variable that looks like ours and is no setting of any role.

    A line of the file that cannot be read is no stray: `read_settings` tells it.
    """
    entries, _ = _read_file(dotenv)
    names = {name for name in (*environ, *entries) if name.startswith(PREFIX)} - VARIABLES
    return [_stray(name) for name in sorted(names)]


def _stray(name: str) -> str:
    nearest = difflib.get_close_matches(name, VARIABLES, n=1)
    hint = f"; did you mean {nearest[0]}?" if nearest else ""
    return f"{name} is not a setting of uptop and is ignored{hint}"


def _read_file(dotenv: Path | None) -> tuple[dict[str, Entry], list[Problem]]:
    if dotenv is None or not dotenv.exists():
        return {}, []
    try:
        entries, problems = parse_dotenv(dotenv.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        what = getattr(error, "strerror", None) or "it is not UTF-8 text"
        return {}, [Problem(str(dotenv), f"cannot be read: {what}")]
    name = f"{dotenv.name} line"
    return entries, [
        Problem(f"{name} {problem.line}", _sentence(problem.field, problem.message))
        for problem in problems
    ]


def _sentence(field: str, message: str) -> str:
    return f"{field}: {message}" if field else message


def _given(
    field: _Field,
    environ: Mapping[str, str],
    entries: Mapping[str, Entry],
    overrides: Mapping[str, object],
) -> _Given | None:
    flag = overrides.get(field.name)
    if flag is not None and str(flag).strip():
        return _Given(str(flag).strip(), "--" + field.name.replace("_", "-"))
    if written := environ.get(field.variable, "").strip():
        return _Given(written, field.variable)
    entry = entries.get(field.variable)
    if entry is not None and entry.value.strip():
        return _Given(entry.value.strip(), f"{field.variable} (.env line {entry.line})")
    return None


def _value(field: _Field, given: _Given) -> Any:
    """The value of a given text; ValueError has the sentence."""
    if not field.setting.built:
        raise ValueError("not built yet in this version: leave it unset")
    try:
        return field.form.read(given.text)
    except ValueError as error:
        shown = "the value" if field.setting.secret else _shown(given.text)
        raise ValueError(f"{shown} is not allowed: {str(error) or field.form.allowed}") from None


def _shown(written: str) -> str:
    """A value as a sentence may show it: on one line, not endless, no password of a URL."""
    scheme, separator, rest = written.partition("://")
    if separator and "@" in rest:
        written = f"{scheme}://(hidden)@{rest.rpartition('@')[2]}"
    return repr(written if len(written) <= 80 else written[:77] + "...")


def _by_variable(problem: Problem) -> Problem:
    return Problem(PREFIX + problem.field.upper(), problem.message)


def _fields(model: type[Settings]) -> Iterator[_Field]:
    for info in msgspec.structs.fields(model):
        setting, kind = _split(info.type)
        if setting is None:
            raise TypeError(f"{model.__name__}.{info.name} has no Setting in its annotation")
        form = setting.form or _form(kind)
        if form is None:
            raise TypeError(f"{model.__name__}.{info.name} needs a form: {kind} has none by itself")
        default = None if info.required else info.default
        yield _Field(info.name, setting, form, info.required, default)


def _split(annotation: Any) -> tuple[Setting | None, Any]:
    """The `Setting` of an annotation and the type without it."""
    if get_origin(annotation) is not Annotated:
        return None, annotation
    kind, *metadata = get_args(annotation)
    return next((item for item in metadata if isinstance(item, Setting)), None), kind


def _form(kind: Any) -> Form[Any] | None:
    """The form of a type, through `X | None` and `tuple[X, ...]`."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        rest = [part for part in inner if part is not type(None)]
        return _form(rest[0]) if len(rest) == 1 else None
    if origin is tuple:
        each = _form(inner[0])
        return several(each) if each is not None else None
    return form_for(kind, inner if origin is Literal else ())
