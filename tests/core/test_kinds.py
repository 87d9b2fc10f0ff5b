"""The kinds of check: the folder is the list, and each travels as its tag."""

from __future__ import annotations

import pkgutil
from typing import Any

import msgspec
import pytest
from msgspec import inspect

from uptop_core import Check, HttpCheck, checks
from uptop_core.kinds import KINDS, AnyCheck

KIND_NAMES = sorted(KINDS)


def smallest(kind: type[Check]) -> dict[str, Any]:
    """The required fields of a kind with the least they allow, and its tag."""
    info = inspect.type_info(kind)
    assert isinstance(info, inspect.StructType)
    written: dict[str, Any] = {"type": info.tag}
    for field in info.fields:
        if field.required:
            written[field.encode_name] = "a" if isinstance(field.type, inspect.StrType) else 1
    return written


def test_each_file_of_the_folder_is_one_kind_of_that_name() -> None:
    files = {module.name for module in pkgutil.iter_modules(checks.__path__)}
    assert files == {name.replace("-", "_") for name in KINDS}


@pytest.mark.parametrize("name", KIND_NAMES)
def test_a_kind_is_found_by_its_tag_and_goes_there_and_back(name: str) -> None:
    check = msgspec.convert(smallest(KINDS[name]), AnyCheck)
    assert type(check) is KINDS[name]
    assert check.kind() == name
    for codec in (msgspec.json, msgspec.msgpack):
        again = codec.decode(codec.encode(check), type=AnyCheck)
        assert again == check


@pytest.mark.parametrize("name", KIND_NAMES)
def test_what_has_its_default_stays_off_the_wire(name: str) -> None:
    written = smallest(KINDS[name])
    assert msgspec.to_builtins(msgspec.convert(written, AnyCheck)) == written


@pytest.mark.parametrize("name", KIND_NAMES)
def test_secrets_are_fields(name: str) -> None:
    kind = KINDS[name]
    assert set(kind.secrets) <= set(kind.__struct_fields__)


@pytest.mark.parametrize("name", KIND_NAMES)
def test_a_kind_says_what_it_is(name: str) -> None:
    assert (KINDS[name].__doc__ or "").strip()


def test_a_peer_may_send_fields_that_are_not_known_here() -> None:
    written = b'{"type": "http", "url": "https://example.com", "later": 1}'
    assert msgspec.json.decode(written, type=AnyCheck) == HttpCheck(url="https://example.com")


def test_a_kind_that_is_not_known_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="xyzzy"):
        msgspec.convert({"type": "xyzzy"}, AnyCheck)


@pytest.mark.anyio
@pytest.mark.parametrize("name", [name for name in KIND_NAMES if not KINDS[name].runs])
async def test_a_kind_that_is_judged_does_not_run(name: str) -> None:
    from uptop_core.looks import Look, Vantage

    check = msgspec.convert(smallest(KINDS[name]), AnyCheck)
    with pytest.raises(NotImplementedError, match="is judged, not run"):
        await check.run(Look(Vantage(), 1.0))
