"""From a text to plain values with lines: what is read, what is bounded, what is told."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptop_leader.declared.reading import plain, read
from uptop_leader.declared.references import escape, expand
from uptop_leader.declared.written import DEPTH_LIMIT


def problems(text: str, environ: dict[str, str] | None = None) -> list[str]:
    return [str(problem) for problem in read(text, environ or {}).problems]


def test_every_value_has_the_line_it_stands_on() -> None:
    written = read("alerts:\n- name: ops\n  settings:\n    url: x\n", {})
    assert written.value == {"alerts": [{"name": "ops", "settings": {"url": "x"}}]}
    assert written.line("alerts[0].name") == 2
    assert written.line("alerts[0].settings.url") == 4


def test_what_is_missing_is_told_at_the_line_of_what_it_is_missing_from() -> None:
    written = read("monitors:\n- name: a\n\n- name: b\n", {})
    assert written.line("monitors[1].url") == 4
    assert written.line("monitors[7].url") == 1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5),
        ("-1.5", -1.5),
        ("1e3", 1000.0),
        ("true", True),
        ("~", None),
        ("", None),
        ("no", "no"),
        ("on", "on"),
        ("0x1F", "0x1F"),
        ("12:30", "12:30"),
        ("2024-01-01", "2024-01-01"),
        ("1_000", "1_000"),
        ("9" * 5000, "9" * 5000),
        (".nan", ".nan"),
    ],
)
def test_only_plain_numbers_and_true_and_false_are_more_than_text(text: str, value: object) -> None:
    assert plain(text) == value
    assert read(f"a: {text}", {}).value == {"a": value}


def test_what_is_quoted_is_text() -> None:
    assert read("a: '5'\nb: \"true\"", {}).value == {"a": "5", "b": "true"}


def test_a_key_that_stands_twice_is_refused_with_both_lines() -> None:
    assert problems("a: 1\nb: 2\na: 3\n") == ["line 3: a: stands twice, first on line 1"]
    assert problems('{"a": {"b": 1, "b": 2}}') == ["b: stands twice in one object"]


def test_every_variable_that_is_not_set_is_told() -> None:
    told = problems("a: ${ONE}\nb:\n- x${TWO}y\n- ${THREE}\n", {"THREE": "3"})
    assert told == [
        "line 1: a: the environment variable ONE is not set",
        "line 3: b[0]: the environment variable TWO is not set",
    ]


def test_a_doubled_dollar_is_a_literal_one() -> None:
    assert read("a: $${HOME} costs $5", {"HOME": "x"}).value == {"a": "${HOME} costs $5"}


@pytest.mark.parametrize("wrong", ["${", "${}", "${A B}", "${A:-b}"])
def test_a_reference_that_is_none_is_told(wrong: str) -> None:
    assert "begins the name of a variable" in problems(f"a: '{wrong}'")[0]


def test_a_text_from_the_network_cannot_read_the_environment() -> None:
    written = read('{"a": "${PATH}"}', None)
    assert written.value == {"a": "${PATH}"}
    assert "by `uptop-leader apply` only" in written.problems[0].message


@given(st.text())
def test_what_was_escaped_is_expanded_to_itself(text: str) -> None:
    assert expand(escape(text), {}) == (text, [])


def test_anchors_aliases_and_merges_are_followed() -> None:
    written = read("x-a: &a {b: 1, c: 2}\nd: *a\ne: {<<: *a, c: 3}\n", {})
    assert written.value["d"] == {"b": 1, "c": 2}
    assert written.value["e"] == {"b": 1, "c": 3}


def test_an_alias_of_itself_is_refused() -> None:
    assert problems("a: &a [*a]") == ["line 1: a[0]: there is no anchor &a before this"]


def test_aliases_that_unfold_to_millions_of_values_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    assert "holds more than" in problems("\n".join(lines))[-1]


@pytest.mark.parametrize("opening", ["[", "- ", "{a: "])
def test_deep_nesting_ends_the_reading_and_not_the_process(opening: str) -> None:
    assert problems(opening * 100_000) == [f"line 1: nested deeper than {DEPTH_LIMIT} levels"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: [1\nb: 2", "not YAML"),
        ("a: 1\n---\nb: 2", "a second document begins"),
        ("? [a]\n: b", "a key is a single word"),
        ("a: !!python/object/apply:os.system [ls]", "the tag"),
        ("a: \x07", "not YAML"),
        ("<<: 5", "<< merges mappings only"),
    ],
)
def test_what_cannot_be_read_is_told_in_one_line(text: str, told: str) -> None:
    assert len(problems(text)) == 1
    assert told in problems(text)[0]


@pytest.mark.parametrize("depth", [DEPTH_LIMIT + 1, 400, 960])
def test_json_is_nested_no_deeper_than_yaml(depth: int) -> None:
    text = '{"a":' * depth + "1" + "}" * depth
    (problem,) = problems(text)
    assert problem.endswith(f"nested deeper than {DEPTH_LIMIT} levels")


@pytest.mark.parametrize("text", [r'{"\ud800": 1}', r'{"a": ["x\udfff"]}', r'a: "\ud800"'])
def test_half_of_a_surrogate_pair_is_no_text(text: str) -> None:
    (problem,) = problems(text)
    assert problem.isprintable()
    assert read(text, {}).value is None
    assert read(r'{"a": "\ud83d\ude00"}', {}).value == {"a": "\U0001f600"}


def test_json_is_read_as_json() -> None:
    value = {"a": [1, 2.5, None, True, "\U0001f600 ${x}"], "b": {"no": "no"}}
    text = json.dumps(value, indent="\t").replace("${", "$${")
    assert read(text, {}).value == value


def test_braces_that_are_no_json_are_yaml() -> None:
    assert read("{a: [b, c]}", {}).value == {"a": ["b", "c"]}


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    assert read("\ufeffa: 1", {}).value == {"a": 1}


@given(st.text(alphabet="ab:{}[]-,&*<! \n\"'#|>%@`?0", max_size=60))
def test_no_text_makes_the_reader_fail(text: str) -> None:
    read(text, {})
