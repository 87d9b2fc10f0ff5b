"""The language of conditions: what it reads, and what it says of what it cannot read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptop_core.conditions.json_path import Nothing, follow, parse_path
from uptop_core.conditions.language import Operand, Operator, Word, parse, problem
from uptop_core.errors import ConfigError

READ = [
    ("status == 200", Word.STATUS, Operator.EQUAL, (Operand("200", 200.0),)),
    ("status<400", Word.STATUS, Operator.LESS, (Operand("400", 400.0),)),
    ("status in [200, 204]", Word.STATUS, Operator.IN, (Operand("200", 200), Operand("204", 204))),
    ("latency <= 500ms", Word.LATENCY, Operator.AT_MOST, (Operand("500ms", 500e6),)),
    ("latency < 1.5s", Word.LATENCY, Operator.LESS, (Operand("1.5s", 1.5e9),)),
    ("latency < 2m", Word.LATENCY, Operator.LESS, (Operand("2m", 120e9),)),
    ("body contains all is well", Word.BODY, Operator.CONTAINS, (Operand("all is well"),)),
    ('body == "200"', Word.BODY, Operator.EQUAL, (Operand("200"),)),
    (r"""body == 'it\'s "it"'""", Word.BODY, Operator.EQUAL, (Operand('it\'s "it"'),)),
    (r"body matches \d+ of \d+", Word.BODY, Operator.MATCHES, (Operand(r"\d+ of \d+"),)),
    ('ip in ["::1", 127.0.0.1]', Word.IP, Operator.IN, (Operand("::1"), Operand("127.0.0.1"))),
    ('body in ["a, b", c]', Word.BODY, Operator.IN, (Operand("a, b"), Operand("c"))),
    ("cert_days > 14.5", Word.CERT_DAYS, Operator.MORE, (Operand("14.5", 14.5),)),
    ("dns != 192.0.2.7", Word.DNS, Operator.UNEQUAL, (Operand("192.0.2.7"),)),
]


@pytest.mark.parametrize(("text", "word", "operator", "operands"), READ)
def test_a_condition_is_read(
    text: str, word: Word, operator: Operator, operands: tuple[Operand, ...]
) -> None:
    comparison = parse(text)
    assert comparison.word is word
    assert comparison.operator is operator
    assert comparison.operands == operands
    assert problem(text) is None


def test_a_header_has_a_name_that_knows_no_case() -> None:
    assert parse("header[Content-Type] contains json").name == "content-type"


def test_a_json_path_may_hold_quoted_keys_with_brackets_in_them() -> None:
    comparison = parse('json(data["a.b)"][2].name) == true')
    assert comparison.steps == ("data", "a.b)", 2, "name")
    assert comparison.operands == (Operand("true"),)


WRONG = [
    ("", "is empty; a condition begins with one of status"),
    ("statsu == 200", "unknown word 'statsu'; did you mean 'status'? known are: status, latency"),
    ("[STATUS] == 200", "unknown word '[STATUS]'; did you mean 'status'?"),
    ("heder[x] == 1", "did you mean 'header[name]'?"),
    ("xyzzy == 1", "unknown word 'xyzzy'; known are: status"),
    ("status", "status needs a comparison: one of ==, !="),
    ("status = 200", "cannot be compared with '='; did you mean '=='?"),
    ("status contains 20", "cannot be compared with 'contains'; allowed are: ==, !=, <"),
    ("body contain x", "did you mean 'contains'?"),
    ("body =~ x", "did you mean 'matches'?"),
    ("latency == 5ms", "latency cannot be compared with '=='; allowed are: <, <=, >, >="),
    ("latency < 500", "latency needs a duration such as 500ms or 2s, not '500'"),
    ("status ==", "nothing stands after '=='"),
    ("status == ok", "'status ==' needs a number, not 'ok'"),
    ("cert_days > soon", "'cert_days >' needs a number, not 'soon'"),
    ('body < "5"', "'body <' needs a number, not '5'"),
    ("status in 200", "'in' needs a list, such as [200, 204]"),
    ("status in []", "the list is empty"),
    ("status in [200,,204]", "the list cannot be read"),
    ('body == "open', 'the quotes of "open do not match'),
    ('body == "a" b"', "do not match"),
    ("header == 1", "header needs a name, such as header[content-type]"),
    ("json == 1", "json needs a path, such as json(data.items[3].name)"),
    ("count(a) == x", "'count ==' needs a number, not 'x'"),
    ("count(a) contains 1", "count cannot be compared with 'contains'"),
    ("count == 1", "count needs a path, such as count(data.items[3].name)"),
    ("json(a..b) == 1", "the path of json cannot be read at '..b'"),
    ("json(a[x]) == 1", "the path of json cannot be read at '[x]'"),
    ("body matches [a-", "the pattern cannot be read: unterminated character set"),
    ("body matches (a{1000}){1000}", "the pattern repeats too much"),
    (r"body matches (\\{1000}){1000}", "the pattern repeats too much"),
    ("body matches (a{ 1000}){ 1000}", "the pattern repeats too much"),
    ("body matches (?ix)(a{1 0 0 0}){1 0 0 0}", "the pattern must not have the flag x"),
    ("body matches a(?x:(b{#}\n1000}){1000})", "the pattern must not have the flag x"),
    (f"body matches {'a' * 501}", "the pattern is too long, at most 500 characters"),
    (f"body == {'a' * 1000}", "a condition has at most 1000 characters"),
]


@pytest.mark.parametrize(("text", "said"), WRONG)
def test_what_cannot_be_read_is_explained(text: str, said: str) -> None:
    found = problem(text)
    assert found is not None
    assert said in found


def test_a_pattern_nested_too_deep_for_the_stack_is_refused() -> None:
    def deeper(calls: int) -> str | None:
        return deeper(calls - 1) if calls else problem(f"body matches {'(' * 240}a{')' * 240}")

    assert deeper(700) == "the pattern is nested too deep"


def test_the_error_names_the_condition() -> None:
    with pytest.raises(ConfigError, match=r"status = 5: status cannot be compared"):
        parse("status = 5")


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    for candidate in (text, f"body == {text}", f"json({text}) in [{text}]", f"header[{text}] < 1"):
        assert problem(candidate) is None or problem(candidate)


DOCUMENT = {"a": {"b.c": [10, {"d": None}]}, "list": [[1, 2], [3]]}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$", DOCUMENT),
        ("", DOCUMENT),
        ('a["b.c"][0]', 10),
        ("$.a['b.c'][1].d", None),
        ("list[1][0]", 3),
        ("list[-1][-1]", 3),
    ],
)
def test_a_path_leads_to_a_value(path: str, found: object) -> None:
    assert follow(DOCUMENT, parse_path(path)) == found


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("a.x.y", "a.x"),
        ('a["b.c"][2]', 'a["b.c"][2]'),
        ("list[-3]", "list[-3]"),
        ("list.length", "list.length"),
        ("a[0]", "a[0]"),
    ],
)
def test_a_path_that_leads_nowhere_names_where_it_ended(path: str, named: str) -> None:
    with pytest.raises(Nothing) as nothing:
        follow(DOCUMENT, parse_path(path))
    assert nothing.value.path == named


@pytest.mark.parametrize("path", ["a.", ".a", "a[", "a]", "a b", "[0]b", "$a", "a[1.5]", "x." * 80])
def test_a_path_that_is_none_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match=r"cannot be read at|more than 64 steps"):
        parse_path(path)
