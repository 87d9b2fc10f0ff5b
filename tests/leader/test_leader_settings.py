"""The leader's settings: what is allowed, one line for each that is not, and what is warned of."""

from pathlib import Path

import pytest

from uptop_core.errors import SettingError
from uptop_core.settings import describe, read_settings
from uptop_core.variables import VARIABLES
from uptop_leader.settings import LeaderSettings
from uptop_leader.start_warnings import warnings
from uptop_leader.store.addresses import Dsn


def read(**variables: str) -> LeaderSettings:
    return read_settings(
        LeaderSettings, {f"UPTOP_{key}": value for key, value in variables.items()}
    )


def refused(**variables: str) -> list[str]:
    with pytest.raises(SettingError) as caught:
        read(**variables)
    return str(caught.value).splitlines()


def test_the_defaults_need_nothing() -> None:
    settings = read()
    assert (settings.http_port, settings.db_type) == (8080, "sqlite")
    assert settings.effective_node_id == "leader"
    assert settings.retention_raw == 7 * 86_400
    assert settings.agg_strategy == "any-down"


def test_it_listens_on_loopback_until_there_is_a_cluster_secret() -> None:
    assert read().effective_http_host == "127.0.0.1"
    assert read(CLUSTER_SECRET="x").effective_http_host == "0.0.0.0"
    assert read(HTTP_HOST="192.0.2.7").effective_http_host == "192.0.2.7"


def test_every_wrong_value_gets_one_line_that_says_what_is_allowed() -> None:
    told = refused(
        HTTP_PORT="99999",
        AGG_STRATEGY="most",
        LEADER_CONCURRENCY="0",
        RETENTION_RAW="soon",
        STATUS_ENABLED="maybe",
        PUBLIC_URL="ftp://x",
        TIMINGS="beat=x",
    )
    assert len(told) == 7
    assert "UPTOP_HTTP_PORT: '99999' is not allowed: a whole number from 0 to 65535" in told
    assert any(
        line.startswith("UPTOP_AGG_STRATEGY: 'most'") and "any-down" in line for line in told
    )


def test_proxies_are_trusted_by_their_networks() -> None:
    (line,) = refused(TRUSTED_PROXIES="proxy.example.com")
    assert line.startswith("UPTOP_TRUSTED_PROXIES: 'proxy.example.com' is not allowed: a block of")


def test_a_follower_needs_the_url_and_the_secret_of_its_leader() -> None:
    told = refused(CLUSTER_MODE="follower")
    assert [line.partition(":")[0] for line in told] == ["UPTOP_PEER_URL", "UPTOP_CLUSTER_SECRET"]
    (line,) = refused(CLUSTER_MODE="follower", CLUSTER_SECRET="x", PEER_URL="leader:8080")
    assert line.startswith("UPTOP_PEER_URL: of a follower must be its leader's URL")


def test_a_follower_has_a_name_of_its_own_and_copies_unless_told_otherwise() -> None:
    pair = {"CLUSTER_MODE": "follower", "CLUSTER_SECRET": "x", "PEER_URL": "http://leader:8080"}
    assert read(**pair).effective_node_id == "follower"
    assert read(**pair).copies
    assert not read(**pair, FOLLOWER_MIRROR="false").copies


def test_a_leader_passes_over_the_peers_of_a_probe_that_shares_its_file() -> None:
    assert not read(PEER_URL="https://a,https://b").copies


def test_a_canary_is_a_host_a_port_or_a_url() -> None:
    (line,) = refused(CANARIES="dns.example,ftp://a.example")
    assert "is not allowed: a host, host:port, or a URL such as https://host.example" in line


def test_mode_probe_names_the_program_that_is_one() -> None:
    (line,) = refused(CLUSTER_MODE="probe")
    assert "start uptop-probe" in line


def test_a_wrong_encryption_key_is_told_and_not_shown() -> None:
    (line,) = refused(ENCRYPTION_KEY="geheim")
    assert "a key is 64 hex digits" in line
    assert "geheim" not in line


def test_certificate_and_key_come_together_and_exist(tmp_path: Path) -> None:
    there = tmp_path / "cert.pem"
    there.write_text("x")
    (line,) = refused(TLS_CERT=str(there))
    assert line == "UPTOP_TLS_KEY: must be set too when UPTOP_TLS_CERT is"
    assert "there is no file" in refused(TLS_CERT=str(there), TLS_KEY=str(tmp_path / "none"))[0]
    assert read(TLS_CERT=str(there), TLS_KEY=str(there)).has_tls


def test_the_database_is_a_path() -> None:
    assert refused(DB_DSN="sqlite:///x.db") == [
        "UPTOP_DB_DSN: with sqlite this is the path of a file, not a URL (UPTOP_DB_TYPE=postgres?)"
    ]
    assert read(DB_DSN="/var/lib/uptop.db").database == Path("/var/lib/uptop.db")


def test_with_postgres_the_dsn_is_a_connection_string_and_a_secret() -> None:
    for dsn in ("postgresql://u:geheim@h/uptop", "host=h password=geheim"):
        settings = read(DB_TYPE="postgres", DB_DSN=dsn)
        assert settings.database == Dsn(dsn)
        assert settings.folder == Path()
        assert "geheim" not in repr(settings)
    why = "with postgres this is a connection string: postgresql://user@host/name"
    assert refused(DB_TYPE="postgres") == [f"UPTOP_DB_DSN: {why}"]
    assert refused(DB_TYPE="postgres", DB_DSN="geheim") == [f"UPTOP_DB_DSN: {why}"]


def test_regions_are_lower_case() -> None:
    assert read(NODE_REGION="EU-West").node_region == "eu-west"


def test_what_should_be_known_is_warned_of_in_one_line_each() -> None:
    assert [line.split(":")[0] for line, _ in warnings(read())] == [
        "no UPTOP_CLUSTER_SECRET",
        "no UPTOP_ENCRYPTION_KEY",
    ]
    risky = read(
        CLUSTER_SECRET="x",
        ENCRYPTION_KEY="ab" * 32,
        ALLOW_PRIVATE_TARGETS="true",
        INSECURE_SKIP_VERIFY="true",
    )
    assert [line.split(":")[0] for line, _ in warnings(risky)] == [
        "cluster without TLS",
        "UPTOP_ALLOW_PRIVATE_TARGETS",
        "UPTOP_INSECURE_SKIP_VERIFY",
    ]


@pytest.mark.parametrize(
    ("host", "url", "is_told"),
    [
        ("127.0.0.1", "https://uptop.example.com", False),
        ("127.0.0.1", "", True),
        ("", "https://uptop.example.com", True),
        ("192.0.2.7", "https://uptop.example.com", True),
    ],
)
def test_who_is_behind_a_proxy_with_https_is_not_warned_that_tls_is_missing(
    host: str, url: str, is_told: bool
) -> None:
    settings = read(CLUSTER_SECRET="x", ENCRYPTION_KEY="ab" * 32, HTTP_HOST=host, PUBLIC_URL=url)
    assert any("without TLS" in line for line, _ in warnings(settings)) == is_told


def test_secrets_are_not_printed() -> None:
    settings = read(CLUSTER_SECRET="geheim", ENCRYPTION_KEY="ab" * 32)
    assert "geheim" not in repr(settings)
    assert "abab" not in repr(settings)


def test_every_setting_is_a_variable_that_all_roles_know() -> None:
    assert {one.variable for one in describe(LeaderSettings)} <= VARIABLES


def test_ssh_is_served_where_somebody_has_a_key(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("")
    assert not read().serves_ssh
    assert read(ADMIN_KEY="ssh-ed25519 AAAAC3Nz ada@laptop").serves_ssh
    assert read(KEYS=str(tmp_path / "keys")).serves_ssh


@pytest.mark.parametrize("key", ["AAAA", "ssh-ed25519", "/id_ed25519.pub", "-----BEGIN"])
def test_an_admin_key_that_is_none_is_refused(key: str) -> None:
    (line,) = refused(ADMIN_KEY=key)
    assert "a public key such as: ssh-ed25519" in line


def test_what_ssh_cannot_be_served_with_is_refused(tmp_path: Path) -> None:
    (line,) = refused(KEYS=str(tmp_path / "missing"))
    assert line.startswith("UPTOP_KEYS: there is no file")
    key = "ssh-ed25519 AAAAC3Nz"
    (line,) = refused(ADMIN_KEY=key, PORT="8080")
    assert line.startswith("UPTOP_PORT: must be another port than UPTOP_HTTP_PORT")


def test_a_file_of_keys_that_others_can_write_is_warned_of(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("")
    keys.chmod(0o600)
    assert not [line for line, _ in warnings(read(KEYS=str(keys))) if "UPTOP_KEYS" in line]
    keys.chmod(0o666)
    assert [line for line, _ in warnings(read(KEYS=str(keys))) if line.startswith("UPTOP_KEYS: ")]
