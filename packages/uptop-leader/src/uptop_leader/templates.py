"""The templates that people write for titles and bodies: Jinja, cut down to what words need.

Whoever may edit a channel must not be able to read the leader's memory or to stop it. The sandbox
sees to the first. For the second only parts of the language that are listed here are accepted:
no calls, no assignments, no loop in a loop, no multiplication, and what comes out is cut off, so the
work is bounded by the length of the text.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from uptop_leader.messages import BODY_LIMIT

if TYPE_CHECKING:
    from collections.abc import Mapping

LENGTH_LIMIT = 4000
_SEPARATOR_LIMIT = 20
_FILTERS = ("upper", "lower", "title", "capitalize", "trim", "truncate", "default", "length")
_TESTS = ("defined", "undefined", "none", "string", "number", "in", "even", "odd")
_PARTS = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.Const, nodes.Name, nodes.Keyword),
    *(nodes.If, nodes.For, nodes.CondExpr, nodes.Compare, nodes.Operand),
    *(nodes.And, nodes.Or, nodes.Not, nodes.Filter, nodes.Test),
    *(
        nodes.Getattr,
        nodes.Getitem,
        nodes.Slice,
        nodes.Concat,
        nodes.Add,
        nodes.Sub,
        nodes.List,
        nodes.Tuple,
    ),
)


def problem(text: str, values: Mapping[str, object]) -> str | None:
    """What is wrong with a template, in a sentence, tried on `values`; None when it is fine."""
    try:
        _filled(text, values)
    except TemplateError as error:
        line = f"line {error.lineno}: " if isinstance(error, TemplateSyntaxError) else ""
        return f"{line}{error.message or type(error).__name__}"
    except Exception as error:  # noqa: BLE001  filters and attributes raise what they like
        return f"cannot be filled: {type(error).__name__}"
    return None


def fill(text: str, values: Mapping[str, object]) -> str:
    """The template filled with `values`; empty when it cannot be."""
    try:
        return _filled(text, values)
    except Exception:  # noqa: BLE001  the caller has default words, and the news must go out
        return ""


def _filled(text: str, values: Mapping[str, object]) -> str:
    pieces: list[str] = []
    size = 0
    for piece in _compiled(text).generate(values):
        pieces.append(piece)
        size += len(piece)
        if size > BODY_LIMIT:
            break
    return "".join(pieces)[:BODY_LIMIT]


def _join(values: Iterable[object], separator: str = "") -> str:
    return separator[:_SEPARATOR_LIMIT].join(str(value) for value in values)[:BODY_LIMIT]


def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    environment.globals.clear()
    environment.filters = {name: environment.filters[name] for name in _FILTERS} | {"join": _join}
    environment.tests = {name: environment.tests[name] for name in _TESTS}
    return environment


_ENVIRONMENT = _environment()


@lru_cache(maxsize=256)
def _compiled(text: str) -> Template:
    if len(text) > LENGTH_LIMIT:
        raise TemplateError(f"the template is longer than {LENGTH_LIMIT} characters")
    tree = _ENVIRONMENT.parse(text)
    for node in tree.find_all(nodes.Node):
        _refuse_unlisted(node)
    return _ENVIRONMENT.from_string(text)


def _refuse_unlisted(node: nodes.Node) -> None:
    if not isinstance(node, _PARTS):
        what = f"{type(node).__name__.lower()} is not allowed"
    elif not isinstance(node, nodes.For):
        return
    elif node.recursive or next(node.find_all(nodes.For), None) is not None:
        what = "a loop inside a loop is not allowed"
    elif not isinstance(node.iter, nodes.Name):
        what = "a loop goes over a name, such as lines or regions"
    else:
        return
    raise TemplateError(f"line {node.lineno}: {what}")
