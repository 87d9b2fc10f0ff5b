"""The providers that are found, and what holds for each."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from uptop_leader import providers
from uptop_leader.provider_kinds import PROVIDERS, AnyProvider

FILES = {file.stem for file in Path(providers.__path__[0]).glob("*.py")} - {"__init__"}


def test_the_folder_is_the_list() -> None:
    assert set(PROVIDERS) == FILES
    assert {kind.__module__.rpartition(".")[2] for kind in PROVIDERS.values()} == FILES


def test_every_provider_has_a_test() -> None:
    tests = {file.stem for file in Path(__file__).parent.glob("test_providers_*.py")}
    assert tests == {f"test_providers_{name}" for name in FILES}


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_a_secret_is_a_setting_by_the_name_people_write(name: str) -> None:
    kind = PROVIDERS[name]
    assert kind.secrets
    assert set(kind.secrets) <= set(kind.__struct_encode_fields__)
    assert kind.kind() == name
    assert kind.__doc__


def test_settings_are_read_by_their_type() -> None:
    settings = {"type": "email", "host": "mx", "from": "a@b.org", "to": "c@d.org", "pass": "x"}
    provider = msgspec.convert(settings, AnyProvider)
    assert provider.kind() == "email"
    assert msgspec.to_builtins(provider) == settings


def test_only_paging_services_are_never_digested() -> None:
    assert {name for name, kind in PROVIDERS.items() if not kind.digests} == {
        "opsgenie",
        "pagerduty",
    }
