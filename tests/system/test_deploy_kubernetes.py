"""The manifests of `deploy/kubernetes`: by the schemas of Kubernetes, and behind their walls."""

from __future__ import annotations

import subprocess
from importlib import metadata
from typing import Any

import pytest
import yaml

from tests.system.confined import SCRIPTS
from tests.system.test_house_docs import ROOT
from uptop_core.settings import read_settings
from uptop_leader.settings import LeaderSettings
from uptop_probe.settings import ProbeSettings

FILES = sorted((ROOT / "deploy/kubernetes").glob("*.yaml"))
EVERY: list[tuple[str, dict[str, Any]]] = [
    (path.name, document) for path in FILES for document in yaml.safe_load_all(path.read_text())
]
PODS = [
    (f"{name} {document['metadata']['name']}", document["spec"]["template"])
    for name, document in EVERY
    if document["kind"] in ("StatefulSet", "Deployment")
]
SECRETS = {
    "UPTOP_CLUSTER_SECRET": "s" * 32,
    "UPTOP_ENCRYPTION_KEY": "5eed" * 16,
    "UPTOP_DB_DSN": "postgresql://uptop@db/uptop",
}


def test_manifests_are_what_kubernetes_takes() -> None:
    command = [str(SCRIPTS / "kubernetes-validate"), "--strict", "--quiet", *map(str, FILES)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_all_is_in_one_namespace_that_takes_restricted_pods_only() -> None:
    [namespace] = [document for _, document in EVERY if document["kind"] == "Namespace"]
    labels = namespace["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    others = [document for _, document in EVERY if document["kind"] != "Namespace"]
    assert {document["metadata"]["namespace"] for document in others} == {"uptop"}


@pytest.mark.parametrize(("name", "pod"), PODS)
def test_every_pod_has_its_walls(name: str, pod: dict[str, Any]) -> None:
    spec = pod["spec"]
    assert spec["automountServiceAccountToken"] is False
    assert spec["enableServiceLinks"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] == 10001
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in spec["containers"]:
        walls = container["securityContext"]
        assert walls == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert set(container["resources"]) == {"requests", "limits"}
        assert container["image"].endswith(f":{metadata.version('uptop-core')}")


@pytest.mark.parametrize(("name", "pod"), PODS)
def test_every_pod_is_started_with_settings_that_are_taken(name: str, pod: dict[str, Any]) -> None:
    [container] = pod["spec"]["containers"]
    written = {each["name"]: each.get("value", "uptop-leader-0") for each in container["env"]}
    if container["name"] == "probe":
        read_settings(ProbeSettings, {**SECRETS, **written})
        return
    secrets = dict(SECRETS)
    if "UPTOP_DB_TYPE" not in written:
        del secrets["UPTOP_DB_DSN"]
    settings = read_settings(LeaderSettings, {**secrets, **written})
    [port] = container["ports"]
    assert settings.http_port == port["containerPort"]


@pytest.mark.parametrize(("name", "pod"), PODS)
def test_leaders_are_asked_how_they_are_and_probes_cannot_be(
    name: str, pod: dict[str, Any]
) -> None:
    [container] = pod["spec"]["containers"]
    asked = {key: container[key]["httpGet"]["path"] for key in container if key.endswith("Probe")}
    kinds = () if container["name"] == "probe" else ("startup", "readiness", "liveness")
    assert asked == {f"{kind}Probe": "/api/health" for kind in kinds}


def test_services_and_policies_select_pods_that_are_there() -> None:
    labels = [pod["metadata"]["labels"] for _, pod in PODS]
    for name, document in EVERY:
        spec = document.get("spec", {})
        wanted = spec.get("podSelector", {}).get("matchLabels") or (
            spec.get("selector") if document["kind"] == "Service" else None
        )
        if wanted:
            assert any(wanted.items() <= each.items() for each in labels), (name, wanted)


def test_nothing_is_let_in_by_default_and_cloud_metadata_is_out_of_reach() -> None:
    policies = [document["spec"] for _, document in EVERY if document["kind"] == "NetworkPolicy"]
    assert {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]} in policies
    blocks = [
        to["ipBlock"]
        for policy in policies
        for rule in policy.get("egress", ())
        for to in rule["to"]
        if "ipBlock" in to
    ]
    assert {block["cidr"] for block in blocks} == {"0.0.0.0/0", "::/0"}
    assert "169.254.0.0/16" in blocks[0]["except"]
