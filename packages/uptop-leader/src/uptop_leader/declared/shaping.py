"""Part of the fourth step: what people may write for a field → what the field holds.

Only forms are changed here: a comma string for a list, `30m` for seconds, `{soft: text}` for a
condition, a text from the environment for a number. What fits no form stays as it is, for the
strict reader to say so.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from msgspec import Struct, inspect

from uptop_core.forms import duration
from uptop_leader.declared.flat import MASK
from uptop_leader.declared.reading import plain
from uptop_leader.declared.references import Expanded, settle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Tell = Callable[[str, str], None]
    """Takes the name of a field and what is wrong with it."""

TIMES = frozenset({"interval", "timeout", "retry_interval", "remind_every", "grace"})
_COMMA_LISTS = frozenset({"regions", "tags"})
ELSEWHERE = f"{MASK} keeps the secret for the host and port that it was written for, and for TLS: write it again"
_LONG = 86_400
_NUMBERS = (inspect.IntType, inspect.FloatType, inspect.BoolType)


def shape(field: str, value: Any, kind: type[Struct], tell: Tell) -> Any:
    """The value of one field of `kind`, in the form that the field has."""
    if field == "conditions":
        return _conditions(settle(value))
    if field in TIMES and isinstance(value, str):
        return seconds(field, value, tell)
    if field == "regions" and isinstance(value, (str, list)):
        regions = _several(value) if isinstance(value, str) else settle(value)
        return [one.lower() if isinstance(one, str) else one for one in regions]
    if field in _lists(kind) and isinstance(value, str):
        return _several(value) if field in _COMMA_LISTS else [str(value)]
    return shape_number(field, value, kind)


def shape_number(field: str, value: Any, kind: type[Struct]) -> Any:
    """A number or a boolean for a text of the environment, where the field holds one."""
    if isinstance(value, Expanded) and field in _numbers(kind):
        return plain(str(value))
    return settle(value)


def unmask(
    values: Mapping[str, Any], known: Mapping[str, Any], secrets: Iterable[str], tell: Tell
) -> dict[str, Any]:
    """`values` with each masked secret replaced by the one in `known`."""
    result = dict(values)
    for field in secrets:
        value, old = result.get(field), known.get(field)
        if isinstance(value, dict):
            old = old if isinstance(old, dict) else {}
            result[field] = {
                key: _kept(f"{field}.{key}", item, old.get(key), tell)
                for key, item in value.items()
            }
        elif value is not None:
            result[field] = _kept(field, value, old, tell)
    return result


def masks(values: Mapping[str, Any], secrets: Iterable[str]) -> list[str]:
    """The secrets that are masked in what was written, wholly or in part."""
    return [
        field
        for field in secrets
        if (value := values.get(field)) == MASK
        or (isinstance(value, dict) and MASK in value.values())
    ]


def _kept(field: str, value: Any, old: Any, tell: Tell) -> Any:
    if value != MASK:
        return value
    if old is None:
        tell(field, f"{MASK} keeps a secret that is there, and there is none: write it")
    return old


def seconds(field: str, written: str, tell: Tell) -> Any:
    """The seconds that a text such as `30m` says."""
    form = duration()
    try:
        return form.read(written.strip())
    except ValueError:
        tell(field, f"must be a number of seconds or {form.allowed}")
        return _LONG if field == "interval" else 1  # so that no rule finds more fault with it


def _conditions(value: Any) -> Any:
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list):
        return value
    return [_condition(item) for item in value]


def _condition(item: Any) -> Any:
    if isinstance(item, str):
        return {"text": item}
    if isinstance(item, dict) and len(item) == 1 and (word := next(iter(item))) in ("soft", "hard"):
        return {"text": item[word], "soft": word == "soft"}
    return item


def _several(written: str) -> list[str]:
    return [part.strip() for part in written.split(",") if part.strip()]


@lru_cache(maxsize=256)
def _lists(kind: type[Struct]) -> frozenset[str]:
    return frozenset(
        name
        for name, types in _types(kind)
        if any(isinstance(t, inspect.VarTupleType) for t in types)
    )


@lru_cache(maxsize=256)
def _numbers(kind: type[Struct]) -> frozenset[str]:
    return frozenset(
        name for name, types in _types(kind) if any(isinstance(t, _NUMBERS) for t in types)
    )


@lru_cache(maxsize=256)
def _types(kind: type[Struct]) -> tuple[tuple[str, tuple[inspect.Type, ...]], ...]:
    """The fields of a struct by the names people write, each with the types it may have."""
    described = inspect.type_info(kind)
    assert isinstance(described, inspect.StructType)  # noqa: S101  it was given as one
    return tuple(
        (
            field.encode_name,
            field.type.types if isinstance(field.type, inspect.UnionType) else (field.type,),
        )
        for field in described.fields
    )
