"""`uptop-leader node`, beside a database that a leader may run on."""

from pathlib import Path

import pytest

from tests.leader.commands import Run, runner
from uptop_leader.seal import Keyring, token_hash
from uptop_leader.store.audit import AuditEntry
from uptop_leader.store.errands import Errand
from uptop_leader.store.node_keys import NodeKey
from uptop_leader.store.store import Store


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in a folder with a database."""
    run = runner(tmp_path, monkeypatch, capsys)
    assert run("user", "add", "ada", "--role", "admin")[0] == 0
    return run


def stored() -> tuple[dict[str, NodeKey], list[AuditEntry], list[Errand], int]:
    """The keys, the audit log, what a leader is asked, and the version of the configuration."""
    store = Store.open(Path("uptop.db"), Keyring(), 0.0)
    try:
        keys, log = store.node_keys.by_hash(), store.audit_log()
        return keys, log, store.errands.waiting(), store.config_version()
    finally:
        store.close()


def test_a_key_is_made_shown_once_rotated_and_revoked(run: Run) -> None:
    code, (key,), _ = run("node", "add", "n1", "--region", "EU-West")
    assert (code, key[:3]) == (0, "un_")
    keys, log, _, version = stored()
    found = keys[token_hash(key)]
    assert (found.node, found.region, found.prefix) == ("n1", "eu-west", key[:12])
    assert (log[0].what, log[0].about, log[0].source) == ("node key added", "n1", "command line")
    _, (line,), _ = run("node", "list")
    assert line == f"n1  eu-west  {key[:12]}  never used  never came"
    code, _, told = run("node", "add", "n1")
    assert (code, told) == (1, ["node 'n1' has a key already: rotate it"])
    code, (other,), _ = run("node", "rotate", "n1", "--overlap", "10m")
    assert (code, other == key) == (0, False)
    keys, _, _, _ = stored()
    old, new = keys[token_hash(key)], keys[token_hash(other)]
    assert old.expires == pytest.approx(new.created + 600)
    assert (new.region, new.expires) == ("eu-west", None)
    assert run("node", "revoke", "n1")[0] == 0
    keys, log, errands, later = stored()
    assert all(one.revoked for one in keys.values())
    assert (log[0].what, errands[0].kind, later) == ("node key revoked", "dismiss", version + 2)
    assert run("node", "revoke", "n1")[0] == 2
    assert key not in repr(stored())


def test_a_node_is_forgotten_with_its_keys(run: Run) -> None:
    run("node", "add", "n1")
    assert run("node", "forget", "n1") == (
        0,
        ["forgot n1: a running leader heeds it within 2 s"],
        [],
    )
    keys, log, errands, _ = stored()
    assert (keys, log[0].what, errands[0].kind) == ({}, "node forgotten", "forget")
    code, _, told = run("node", "forget", "n1")
    assert code == 2
    assert told[-1] == "Error: there is no node 'n1': see `uptop-leader node list`"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("add", "a b"), "an id has 1 to 100 letters"),
        (("add", "n", "--region", "a b"), "--region: 'a b' is not allowed"),
        (("rotate", "n", "--overlap", "soon"), "--overlap: 'soon' is not allowed: a time such as"),
    ],
)
def test_what_cannot_be_is_told(run: Run, arguments: tuple[str, ...], words: str) -> None:
    code, _, told = run("node", *arguments)
    assert code == 2
    assert words in told[-1]


def test_keys_of_a_copy_are_changed_at_the_leader(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPTOP_CLUSTER_MODE", "follower")
    monkeypatch.setenv("UPTOP_CLUSTER_SECRET", "x")
    monkeypatch.setenv("UPTOP_PEER_URL", "http://127.0.0.1:1")
    code, _, told = run("node", "add", "n1")
    assert (code, "change it there" in told[-1]) == (2, True)
