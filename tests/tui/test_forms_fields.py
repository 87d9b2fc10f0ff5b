"""From a JSON Schema to fields: those of every kind that there is, and of kinds that might come."""

from __future__ import annotations

import pytest

from uptop_leader.api.kinds import all_kinds
from uptop_tui.forms.bodies import post_form, role_form, token_form, user_form
from uptop_tui.forms.fields import Option, Shape, fields_of, help_of
from uptop_tui.forms.kinds import channel_form, kind_options, monitor_form
from uptop_tui.forms.known import Known
from uptop_tui.screens.pick import narrowed

KINDS = all_kinds()
DEFS = {
    "Inner": {"type": "object", "properties": {"deep": {"type": "boolean", "default": True}}},
    "Rule": {
        "type": "object",
        "properties": {"text": {"type": "string"}, "soft": {"type": "boolean"}},
        "required": ["text"],
    },
}


@pytest.mark.parametrize(
    ("schema", "shape"),
    [
        ({"type": "string"}, Shape.TEXT),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, Shape.WHOLE),
        ({"type": "number"}, Shape.NUMBER),
        ({"type": "number", "x-unit": "s"}, Shape.SPAN),
        ({"anyOf": [{"type": "number"}, {"type": "null"}], "x-unit": "s"}, Shape.SPAN),
        ({"type": "boolean"}, Shape.YES_NO),
        ({"enum": [0, 4, 6]}, Shape.CHOICE),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, Shape.EITHER),
        ({"type": "array", "items": {"type": "string"}}, Shape.ITEMS),
        ({"type": "array", "items": {"$ref": "#/$defs/Rule"}}, Shape.MARKED),
        ({"type": "object", "additionalProperties": {"type": "string"}}, Shape.PAIRS),
        ({"type": "array", "items": {"type": "array", "items": {"type": "string"}}}, Shape.JSON),
        ({"type": "array", "items": {"type": "integer"}}, Shape.JSON),
        ({}, Shape.JSON),
    ],
)
def test_the_schema_says_how_a_field_is_filled_in(schema: dict[str, object], shape: Shape) -> None:
    (field,) = fields_of({"properties": {"one": schema}, "$defs": DEFS})
    assert field.shape is shape


def test_an_object_in_an_object_is_fields_of_its_own() -> None:
    schema = {"properties": {"inner": {"$ref": "#/$defs/Inner"}}, "$defs": DEFS}
    (field,) = fields_of(schema)
    assert (field.name, field.path, field.default) == ("inner.deep", ("inner", "deep"), True)


def test_what_is_required_comes_first_and_the_rest_is_folded() -> None:
    schema = {
        "properties": {"a": {"type": "string"}, "b_c": {"type": "string"}},
        "required": ["b_c"],
    }
    first, second = fields_of(schema, section="More")
    assert (first.label, first.section, first.required) == ("B c", "", True)
    assert (second.label, second.section) == ("A", "More")


def test_the_help_of_a_field_is_what_the_description_says_of_it() -> None:
    words = "Asks. `code` is a number. With `no` nothing; `code` and `other`\n    go together."
    assert help_of("code", words) == "'code' is a number. 'code' and 'other' go together."
    assert help_of("none", words) == ""


@pytest.mark.parametrize("kind", [kind.name for kind in KINDS.checks])
def test_every_kind_of_check_has_a_form_in_which_nothing_is_written_as_json(kind: str) -> None:
    form = monitor_form(KINDS, kind, Known(), is_new=True)
    names = [field.name for field in form.fields]
    assert names[0] == "name"
    assert len(names) == len(set(names))
    assert all(field.shape is not Shape.JSON for field in form.fields)


@pytest.mark.parametrize("kind", [kind.name for kind in KINDS.providers])
def test_every_provider_has_a_form_and_its_secrets_are_masked(kind: str) -> None:
    form = channel_form(KINDS, kind, Known(), is_new=True)
    (view,) = (one for one in KINDS.providers if one.name == kind)
    lines = {field.name for field in form.fields if field.shape is Shape.PAIRS}
    masked = {field.name for field in form.fields if field.secret} | lines
    assert {f"provider.{name}" for name in view.secrets} <= masked
    assert all(field.shape is not Shape.JSON for field in form.fields)


def test_a_group_is_asked_nothing_about_nodes() -> None:
    names = {field.name for field in monitor_form(KINDS, "group", Known(), is_new=True).fields}
    assert not names & {"interval", "timeout", "regions", "min_votes", "check.conditions"}


def test_kinds_are_chosen_by_their_name_and_what_they_are() -> None:
    labels = [option.label for option in kind_options(KINDS.checks)]
    assert any(label.startswith("http ") and "Asks a URL" in label for label in labels)


def test_what_has_a_model_of_its_own_has_a_form_too() -> None:
    known = Known(users=("ada",))
    forms = {
        "user": user_form(),
        "role": role_form("ada"),
        "token": token_form(known),
        "first post": post_form(known, is_begun=False),
        "next post": post_form(known, is_begun=True),
    }
    assert {what: [field.name for field in form.fields] for what, form in forms.items()} == {
        "user": ["name", "role"],
        "role": ["role"],
        "token": ["name", "user", "expires"],
        "first post": ["title", "kind", "words", "monitors", "at"],
        "next post": ["kind", "words", "at"],
    }


def test_what_begins_with_the_words_is_found_first() -> None:
    options = [Option("domain", "domain  over https"), Option("http", "http  asks a URL")]
    assert [one.value for one in narrowed(options, "http")] == ["http", "domain"]
    assert [one.value for one in narrowed(options, "ask URL")] == ["http"]
    assert len(narrowed(options, " ")) == 2
