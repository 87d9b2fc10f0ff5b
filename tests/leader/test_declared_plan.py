"""What a document changes: matching, pruning, masks, and the plan in words."""

import pytest

from tests.leader.declarations import DOCUMENT, applied, channel, monitor, planned, refused
from uptop_core.checks.http import HttpCheck
from uptop_core.checks.push import PushCheck
from uptop_core.errors import ConfigError
from uptop_leader.configuration import Configuration


@pytest.fixture
def before() -> Configuration:
    return applied(DOCUMENT)


def test_applying_twice_changes_nothing_the_second_time(before: Configuration) -> None:
    again = planned(DOCUMENT, before)
    assert again.is_empty()
    assert again.lines == ["nothing to change"]


def test_the_plan_says_what_is_added() -> None:
    assert planned(DOCUMENT).lines == [
        "+ alert ops (webhook)",
        "+ alert mail (ntfy)",
        "+ monitor API (http)",
        "+ monitor Production (group)",
        "+ monitor DB (port)",
        "+ monitor Backup (push)",
        "6 to add, 0 to change, 0 to remove",
    ]


def test_the_plan_shows_old_and_new_of_each_field(before: Configuration) -> None:
    text = DOCUMENT.replace("interval: 30", "interval: 60").replace(
        "alert: ops", "alerts: [ops, mail]"
    )
    text = text.replace("    remind_every: 30m\n", "")
    assert planned(text, before).lines == [
        "~ monitor API (http)",
        "    alerts: ops → ops, mail",
        "    interval: 30 → (default)",
        "    remind_every: 30m → (default)",
        "0 to add, 1 to change, 0 to remove",
    ]


def test_the_plan_masks_secrets(before: Configuration) -> None:
    text = DOCUMENT.replace("geheim", "neu").replace("hooks.example.com/x", "hooks.example.com/y")
    lines = planned(text, before).lines
    assert "    settings.url: *** → *** (changed)" in lines
    assert "    settings.password: *** → *** (changed)" in lines
    assert "    headers.Authorization: *** → *** (changed)" in lines
    assert not any("geheim" in line or "neu" in line or "hooks" in line for line in lines)


def test_what_the_document_does_not_name_is_left_alone(before: Configuration) -> None:
    after = applied("monitors: [{name: New, type: ping, hostname: a.example}]", before)
    assert after.monitors[:-1] == before.monitors
    assert after.monitors[-1].name == "New"
    assert after.channels == before.channels


def test_pruning_removes_what_a_section_does_not_name(before: Configuration) -> None:
    plan = planned("monitors: [{name: DB, type: ping, hostname: a.example}]", before, prune=True)
    assert {line for line in plan.lines if line.startswith("-")} == {
        "- monitor API (http)",
        "- monitor Production (group)",
        "- monitor Backup (push)",
    }
    assert plan.change.drop_channels == ()


def test_pruning_refuses_to_take_away_what_is_still_used(before: Configuration) -> None:
    ((_, _, message),) = refused("alerts: []", before, prune=True)
    assert message == "'API' refers to an alert that would be gone"


def test_a_rename_by_id_keeps_the_id(before: Configuration) -> None:
    old = monitor(before, "API").id
    text = f"monitors: [{{id: {old}, name: Gate, type: http, url: 'https://a.example'}}]"
    assert monitor(applied(text, before), "Gate").id == old
    assert "    name: API → Gate" in planned(text, before).lines


def test_names_may_be_swapped_by_id(before: Configuration) -> None:
    api, db = monitor(before, "API").id, monitor(before, "DB").id
    text = f"""
monitors:
- {{id: {api}, name: DB, type: ping, hostname: a.example}}
- {{id: {db}, name: API, type: ping, hostname: a.example}}
"""
    after = applied(text, before)
    assert (monitor(after, "API").id, monitor(after, "DB").id) == (db, api)


def test_a_rename_to_a_name_that_is_taken_is_refused(before: Configuration) -> None:
    old = monitor(before, "API").id
    text = f"monitors:\n- {{id: {old}, name: DB, type: ping, hostname: a.example}}"
    ((line, field, message),) = refused(text, before)
    assert (line, field) == (2, "monitors[0].name")
    assert message == "the name 'DB' is another's already"


def test_an_id_that_nothing_has_is_given_to_what_is_new() -> None:
    own = "12345678-1234-4234-8234-123456789012"
    (found,) = applied(f"monitors: [{{id: {own}, name: a, type: ping, hostname: b}}]").monitors
    assert found.id == own


def test_a_name_that_exists_is_meant_though_the_id_is_of_elsewhere(before: Configuration) -> None:
    own = "12345678-1234-4234-8234-123456789012"
    text = f"monitors: [{{id: {own}, name: DB, type: ping, hostname: b}}]"
    assert monitor(applied(text, before), "DB").id == monitor(before, "DB").id


def test_a_push_token_is_made_once_and_kept(before: Configuration) -> None:
    check = monitor(before, "Backup").check
    assert isinstance(check, PushCheck)
    assert check.token
    after = applied(DOCUMENT.replace("86400", "3600"), before)
    assert monitor(after, "Backup").check == check


def test_two_monitors_cannot_have_one_push_token() -> None:
    text = "monitors:\n- {name: a, type: push, token: same}\n- {name: b, type: push, token: same}"
    ((line, field, _),) = refused(text)
    assert (line, field) == (3, "monitors[1].token")


def test_a_mask_keeps_the_secret_that_is_there(before: Configuration) -> None:
    text = DOCUMENT.replace("Bearer geheim", "'***'").replace("geheim", "'***'")
    text = text.replace("https://hooks.example.com/x", "***")
    assert planned(text, before).is_empty()


def test_a_mask_without_a_secret_behind_it_is_refused() -> None:
    told = {field for _, field, _ in refused(DOCUMENT.replace("Bearer geheim", "'***'"))}
    assert told == {"monitors[0].headers.Authorization"}


def test_a_mask_does_not_send_the_secret_to_another_host(before: Configuration) -> None:
    text = DOCUMENT.replace("Bearer geheim", "'***'").replace("geheim", "'***'")
    text = text.replace("api.example.com", "evil.example.net")
    text = text.replace("{topic: nights", "{url: 'https://evil.example.net', topic: nights")
    told = {field for _, field, _ in refused(text, before)}
    assert told == {"monitors[0].headers", "alerts[1].settings.password"}


@pytest.mark.parametrize("other", ["http://api.example.com", "https://api.example.com:8443"])
def test_a_mask_does_not_send_the_secret_in_clear_or_to_another_port(
    before: Configuration, other: str
) -> None:
    text = DOCUMENT.replace("Bearer geheim", "'***'").replace("https://api.example.com", other)
    assert {field for _, field, _ in refused(text, before)} == {"monitors[0].headers"}


def test_a_mask_does_not_send_the_secret_through_another_proxy(before: Configuration) -> None:
    text = DOCUMENT.replace("Bearer geheim", "'***'")
    text = text.replace(
        "    interval: 30", "    proxy: 'http://evil.example.net:1'\n    interval: 30"
    )
    assert {field for _, field, _ in refused(text, before)} == {"monitors[0].headers"}


def test_a_proxy_is_masked_whole(before: Configuration) -> None:
    written = DOCUMENT.replace(
        "    interval: 30", "    proxy: 'http://a:b@c.example:1'\n    interval: 30"
    )
    lines = planned(written, before).lines
    assert any("proxy" in line for line in lines)
    assert not any("c.example" in line for line in lines)


def test_a_default_that_is_written_out_is_no_other_host(before: Configuration) -> None:
    text = DOCUMENT.replace("{topic: nights, password: geheim", "{topic: nights, password: '***'")
    assert planned(text.replace("{topic:", "{url: 'https://ntfy.sh', topic:"), before).is_empty()


def test_a_mask_where_no_secret_belongs_is_plain_text(before: Configuration) -> None:
    text = "monitors: [{name: API, type: http, url: 'https://a.example', body: '***'}]"
    check = monitor(applied(text, before), "API").check
    assert isinstance(check, HttpCheck)
    assert check.body == "***"


def test_a_member_of_a_group_leaves_it_where_the_document_says_so(before: Configuration) -> None:
    text = "monitors: [{name: DB, type: port, hostname: db.example.com, port: 5432}]"
    assert monitor(applied(text, before), "DB").parent is None
    text = text.replace("port: 5432", "port: 5432, parent: Production")
    assert monitor(applied(text, before), "DB").parent == monitor(before, "Production").id


def test_what_is_no_group_has_no_members(before: Configuration) -> None:
    text = "monitors:\n- {name: a, type: ping, hostname: b, parent: API}"
    ((line, field, message),) = refused(text, before)
    assert (line, field) == (2, "monitors[0].parent")
    assert "'a' stands in 'API', which is a http monitor, not a group" in message


def test_a_group_that_becomes_something_else_is_told_where_it_is_written(
    before: Configuration,
) -> None:
    told = refused("monitors:\n- {name: Production, type: ping, hostname: b}", before)
    assert {(line, field) for line, field, _ in told} == {(2, "monitors[0]")}


def test_fallbacks_do_not_go_in_a_circle(before: Configuration) -> None:
    text = "alerts: [{name: mail, type: ntfy, settings: {topic: t}, fallback: ops}]"
    ((_, field, message),) = refused(text, before)
    assert "goes in a circle" in message
    assert field.startswith("alerts[0]")


@pytest.mark.parametrize(
    ("member", "other"),
    [("depends_on: [G]", ""), ("depends_on: [other]", "depends_on: [G]")],
)
def test_nothing_waits_for_the_group_it_is_in(member: str, other: str) -> None:
    text = f"""
monitors:
- {{name: G, type: group, monitors: [{{name: m, type: ping, hostname: a, {member}}}]}}
- {{name: other, type: ping, hostname: b, {other}}}
"""
    assert any("goes in a circle" in message for _, _, message in refused(text))


def test_who_is_in_no_group_may_depend_on_one() -> None:
    text = """
monitors:
- {name: Network, type: group, depends_on: [power], monitors: [{name: r, type: ping, hostname: a}]}
- {name: power, type: ping, hostname: b}
- {name: other, type: ping, hostname: c, depends_on: [Network]}
"""
    assert not planned(text).is_empty()


def test_groups_stand_in_each_other_only_so_deep() -> None:
    lines = ["monitors:", "- {name: g0, type: group}"]
    lines += [f"- {{name: g{n}, type: group, parent: g{n - 1}}}" for n in range(1, 30)]
    assert "at most 16 deep" in refused("\n".join(lines))[0][2]


def test_a_name_cannot_write_to_the_terminal() -> None:
    text = 'monitors: [{name: "a\\e[31m\\nb", type: ping, hostname: b}]'
    assert planned(text).lines[0] == "+ monitor a\\x1b[31m\\nb (ping)"


def test_the_error_names_file_line_and_field() -> None:
    with pytest.raises(ConfigError, match=r"^uptop.yaml: line 1: monitors\[0\].port: "):
        planned("monitors: [{name: a, type: port, hostname: b, port: 0}]")


def test_channels_keep_their_ids(before: Configuration) -> None:
    after = applied(DOCUMENT.replace("nights", "days"), before)
    assert channel(after, "mail").id == channel(before, "mail").id
