"""The reader of settings: what comes from where, and what a person is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import pytest

from uptop_core import forms
from uptop_core.errors import Problem, SettingError
from uptop_core.settings import Setting, Settings, describe, read_settings, stray_variables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Sample(Settings, frozen=True, kw_only=True):
    """One setting of each sort."""

    node_id: Annotated[str, Setting(help="who this node is", group="Node")]
    http_port: Annotated[
        int, Setting(help="port to listen on", group="HTTP", form=forms.whole(1, 65535))
    ] = 8080
    status_enabled: Annotated[bool, Setting(help="public page", group="HTTP")] = False
    log_format: Annotated[Literal["text", "json"], Setting(help="of lines", group="Log")] = "text"
    retention_raw: Annotated[
        float, Setting(help="raw results", group="Store", form=forms.duration())
    ] = 7 * 86_400.0
    keys: Annotated[tuple[str, ...], Setting(help="several", group="Node")] = ()
    trusted_proxies: Annotated[
        tuple[forms.IpNetwork, ...],
        Setting(help="proxies", group="HTTP", form=forms.several(forms.network())),
    ] = ()
    cluster_secret: Annotated[
        str | None,
        Setting(help="shared", group="Node", secret=True, form=forms.text("8+ signs", ".{8,}")),
    ] = None
    canaries: Annotated[str, Setting(help="later", group="Node", built=False)] = ""

    def problems(self) -> Iterator[Problem]:
        if self.status_enabled and self.http_port == 1:
            yield Problem("http_port", "must not be 1 while the page is on")


def lines(environ: dict[str, str], dotenv: Path | None = None, **flags: object) -> list[str]:
    with pytest.raises(SettingError) as caught:
        read_settings(Sample, environ, dotenv=dotenv, overrides=flags)
    return str(caught.value).splitlines()


def test_what_is_not_set_takes_its_default() -> None:
    settings = read_settings(Sample, {"UPTOP_NODE_ID": "eu-1"})
    assert settings == Sample(node_id="eu-1")


def test_every_sort_of_value_is_read() -> None:
    settings = read_settings(
        Sample,
        {
            "UPTOP_NODE_ID": "eu-1",
            "UPTOP_HTTP_PORT": "81",
            "UPTOP_STATUS_ENABLED": "Yes",
            "UPTOP_LOG_FORMAT": "JSON",
            "UPTOP_RETENTION_RAW": "12h",
            "UPTOP_KEYS": "a, b,,c",
            "UPTOP_TRUSTED_PROXIES": "10.0.0.0/8,::1",
        },
    )
    assert (settings.http_port, settings.status_enabled) == (81, True)
    assert (settings.log_format, settings.retention_raw) == ("json", 43_200)
    assert settings.keys == ("a", "b", "c")
    assert [str(block) for block in settings.trusted_proxies] == ["10.0.0.0/8", "::1/128"]


def test_a_flag_overrides_the_environment_and_the_environment_the_file(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("UPTOP_NODE_ID=file\nUPTOP_HTTP_PORT=1\nexport UPTOP_LOG_FORMAT='json'\n")
    environ = {"UPTOP_NODE_ID": "environment", "UPTOP_HTTP_PORT": "2"}
    settings = read_settings(
        Sample, environ, dotenv=file, overrides={"node_id": "flag", "http_port": None}
    )
    assert (settings.node_id, settings.http_port, settings.log_format) == ("flag", 2, "json")


def test_an_empty_value_is_none_at_all(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("UPTOP_NODE_ID=file\n")
    environ = {"UPTOP_NODE_ID": "", "UPTOP_HTTP_PORT": " ", "UPTOP_CANARIES": ""}
    assert read_settings(Sample, environ, dotenv=file) == Sample(node_id="file")


def test_every_problem_is_told_at_once() -> None:
    assert lines(
        {"UPTOP_HTTP_PORT": "70000", "UPTOP_LOG_FORMAT": "xml"}, status_enabled="maybe"
    ) == [
        "UPTOP_NODE_ID: must be set: who this node is",
        "UPTOP_HTTP_PORT: '70000' is not allowed: a whole number from 1 to 65535",
        "--status-enabled: 'maybe' is not allowed: true or false (also 1/0, yes/no, on/off)",
        "UPTOP_LOG_FORMAT: 'xml' is not allowed: one of text, json",
    ]


def test_a_secret_is_never_shown() -> None:
    environ = {"UPTOP_NODE_ID": "x", "UPTOP_CLUSTER_SECRET": "hunter2"}
    assert lines(environ) == ["UPTOP_CLUSTER_SECRET: the value is not allowed: 8+ signs"]
    assert "s3cret" not in repr(Sample(node_id="x", cluster_secret="s3cret99"))


def test_a_feature_that_is_not_built_stops_the_start() -> None:
    assert lines({"UPTOP_NODE_ID": "x", "UPTOP_CANARIES": "example.com"}) == [
        "UPTOP_CANARIES: not built yet in this version: leave it unset"
    ]


def test_values_that_do_not_fit_together_are_named_by_their_variables() -> None:
    environ = {"UPTOP_NODE_ID": "x", "UPTOP_HTTP_PORT": "1", "UPTOP_STATUS_ENABLED": "1"}
    assert lines(environ) == ["UPTOP_HTTP_PORT: must not be 1 while the page is on"]


def test_problems_of_the_file_name_its_line_and_show_no_value(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text('# ours\nnonsense hunter2\nUPTOP_KEYS="hunter2\n\nUPTOP_HTTP_PORT=x\n')
    assert lines({"UPTOP_NODE_ID": "x"}, dotenv=file) == [
        ".env line 2: not of the form KEY=VALUE",
        ".env line 3: UPTOP_KEYS: the quotes do not match",
        "UPTOP_HTTP_PORT (.env line 5): 'x' is not allowed: a whole number from 1 to 65535",
    ]


def test_a_file_that_is_no_text_is_one_problem(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_bytes(b"\xff\xfe\x00")
    assert lines({"UPTOP_NODE_ID": "x"}, dotenv=file) == [
        f"{file}: cannot be read: it is not UTF-8 text"
    ]


def test_a_missing_file_is_fine(tmp_path: Path) -> None:
    environ = {"UPTOP_NODE_ID": "x"}
    assert read_settings(Sample, environ, dotenv=tmp_path / ".env") == Sample(node_id="x")


def test_a_misspelt_variable_is_warned_of_with_the_nearest_name(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("UPTOP_LOG_LEVL=debug\n")
    environ = {"UPTOP_HTP_PORT": "1", "UPTOP_DB_DSN": "x", "HOME": "/"}
    assert stray_variables(environ, dotenv=file) == [
        "UPTOP_HTP_PORT is not a setting of uptop and is ignored; did you mean UPTOP_HTTP_PORT?",
        "UPTOP_LOG_LEVL is not a setting of uptop and is ignored; did you mean UPTOP_LOG_LEVEL?",
    ]


def test_settings_describe_themselves_for_the_documents() -> None:
    described = {setting.variable: setting for setting in describe(Sample)}
    assert described["UPTOP_NODE_ID"].required
    assert described["UPTOP_RETENTION_RAW"].default == "7d"
    assert described["UPTOP_STATUS_ENABLED"].default == "false"
    assert described["UPTOP_KEYS"].default == ""
    assert not described["UPTOP_CANARIES"].built
    assert described["UPTOP_CLUSTER_SECRET"].secret
    assert described["UPTOP_LOG_FORMAT"].allowed == "one of text, json"


def test_a_field_without_a_setting_is_a_mistake_of_the_programmer() -> None:
    class Bare(Settings, frozen=True, kw_only=True):
        http_port: int = 1

    with pytest.raises(TypeError, match=r"Bare\.http_port has no Setting"):
        describe(Bare)
