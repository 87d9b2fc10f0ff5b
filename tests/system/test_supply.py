"""What `hatch run audit` and `hatch run lowest` make of what they find."""

from __future__ import annotations

import pytest
from packaging.requirements import Requirement

from tests.supply.audit import Audited, Report, Vulnerability, verdict
from tests.supply.bounds import Unbounded, constraints, extras, requirements
from tests.system.test_house_docs import ROOT

CLEAN = Audited(name="anyio", version="4.9", vulns=())
OURS = Audited(name="uptop-core", skip_reason="not found on PyPI")


def test_every_dependency_has_a_lower_bound() -> None:
    lines = constraints(requirements(ROOT))
    assert any(line.startswith("msgspec==") for line in lines)
    assert not any(line.startswith("uptop") for line in lines)


def test_a_dependency_without_a_lower_bound_is_named() -> None:
    with pytest.raises(Unbounded, match="certifi"):
        constraints([Requirement("certifi<2030")])


def test_extras_are_those_that_bring_what_others_wrote() -> None:
    found = extras(ROOT)
    assert "checks" in found["uptop-core"]
    assert "demo" not in found["uptop-leader"]


def test_an_audit_is_well_when_all_was_asked_and_nothing_is_known() -> None:
    assert verdict(Report(dependencies=(CLEAN, OURS))) == (True, ["1 packages audited"])


def test_an_audit_of_nothing_is_not_well() -> None:
    assert verdict(Report(dependencies=(OURS,))) == (False, ["nothing was audited"])


def test_what_was_passed_over_is_told_and_not_well() -> None:
    passed_over = Audited(name="idna", skip_reason="not found on PyPI")
    is_well, lines = verdict(Report(dependencies=(CLEAN, passed_over)))
    assert not is_well
    assert lines[0] == "idna: not audited: not found on PyPI"


def test_what_is_known_is_told_with_the_version_that_mends_it() -> None:
    known = Vulnerability(id="PYSEC-1", fix_versions=("4.10",))
    bad = Audited(name="anyio", version="4.9", vulns=(known,))
    is_well, lines = verdict(Report(dependencies=(bad,)))
    assert not is_well
    assert lines[0] == "anyio 4.9: PYSEC-1, mended in 4.10"
