"""JSON as models write it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflector.reflection.answers.lenient_frames import MAX_DEPTH
from reflector.reflection.answers.lenient_json import CutText, decode


@pytest.mark.parametrize(
    ("text", "value", "fixes"),
    [
        ('{"a": 1, "b": [true, null, "x"]}', {"a": 1, "b": [True, None, "x"]}, {}),
        ("{'a': 'b'}", {"a": "b"}, {"quotes": 2}),
        ('{"a": "don\'t", "b": \'it\\\'s\'}', {"a": "don't", "b": "it's"}, {"quotes": 1, "bad_escape": 1}),
        ("{a: 1, b-c: 'x'}", {"a": 1, "b-c": "x"}, {"unquoted_key": 2, "quotes": 1}),
        ('{"a": [1, 2,], }', {"a": [1, 2]}, {"trailing_comma": 2}),
        ('{"a": 1 "b": 2}', {"a": 1, "b": 2}, {"missing_comma": 1}),
        ('["x" "y"]', ["x", "y"], {"missing_comma": 1}),
        ('{"a": 1,, "b": 2}', {"a": 1, "b": 2}, {"extra_comma": 1}),
        ('{"a": None, "b": True, "c": NaN}', {"a": None, "b": True, "c": None}, {"literal": 3}),
        ('{"a": .5, "b": 1_000, "c": -2e3, "d": +7}', {"a": 0.5, "b": 1000, "c": -2000.0, "d": 7}, {"number": 3}),
        ('{"a": 1, // one\n "b": 2 /* two */, # three\n "c": 3}', {"a": 1, "b": 2, "c": 3}, {"comment": 3}),
        ('{"a": "see http://x.y // #", "b": 1}', {"a": "see http://x.y // #", "b": 1}, {}),
        ('{"a": "say "yes" or "no"", "b": 1}', {"a": 'say "yes" or "no"', "b": 1}, {"inner_quote": 4}),
        ('{"a": "two\nlines\there"}', {"a": "two\nlines\there"}, {"raw_control": 1}),
        ('{"a": "\\d \\w \\_ \\x41"}', {"a": "\\d \\w _ A"}, {"bad_escape": 4}),
        ('{"a": "\\frac{1}{2} \\theta"}', {"a": "\\frac{1}{2} \\theta"}, {"latex": 2}),
        ('{"a": "\\ud83d\\ude00 \\ud800"}', {"a": "😀 \ufffd"}, {"lone_surrogate": 1}),
        ("{“a”: “b “c” d”}", {"a": "b “c” d"}, {"quotes": 2, "inner_quote": 2}),
        ("{«a»: «b»}", {"a": "b"}, {"quotes": 2}),
        ('{"a"： "b"， "c"： 1}', {"a": "b", "c": 1}, {"unusual_colon": 2, "wide_comma": 1}),
        ('{"a" => 1, "b" = 2}', {"a": 1, "b": 2}, {"unusual_colon": 2}),
        ('{"a": ("x", "y"), "b": ("z")}', {"a": ["x", "y"], "b": "z"}, {"tuple": 2}),
        ('{"a": "x" + "y"}', {"a": "xy"}, {"concatenation": 1}),
        ('{"a": """x "y" z"""}', {"a": 'x "y" z'}, {"triple_quotes": 1}),
        ('{"a": r"x", "b": 1}', {"a": "x", "b": 1}, {"string_prefix": 1}),
        ('R(a="x", b=[S(c=1)])', {"a": "x", "b": [{"c": 1}]}, {"call": 2, "unquoted_key": 3, "unusual_colon": 3}),
        ('{"a": high, "b": some words here}', {"a": "high", "b": "some words here"}, {"unquoted_value": 2}),
        ('[{"a": 1}, {"a": 2}', [{"a": 1}, {"a": 2}], {"missing_end": 1}),
        ('{"a": [{"b": 1, {"b": 2}]}', {"a": [{"b": 1}, {"b": 2}]}, {"missing_closer": 1}),
        ('{"a": [1, 2, "b": 3}', {"a": [1, 2], "b": 3}, {"missing_closer": 1}),
        ('{"a": [{"b": 1}], {"b": 2}], "c": 3}', {"a": [{"b": 1}, {"b": 2}], "c": 3}, {"extra_closer": 1}),
        ('{"a": 1}, "b": 2}', {"a": 1, "b": 2}, {"extra_closer": 1}),
        ('{"a": "x\n "b": "y"}', {"a": "x", "b": "y"}, {"missing_quote": 1, "missing_comma": 1}),
        ('{"a: "x", "b": 1}', {"a": "x", "b": 1}, {"missing_quote": 1}),
        ('{"a": , "b": }', {"a": None, "b": None}, {"missing_value": 2}),
        ('{"a" "x"}', {"a": "x"}, {"missing_colon": 1}),
        ('{"a": ["b", ...]}', {"a": ["b"]}, {"ellipsis": 1, "trailing_comma": 1}),
        ('{{"a": 1}}', {"a": 1}, {"double_brace": 1}),
        ('{"x", "y"}', ["x", "y"], {"set": 1}),
        ('{"a": "x", "b": ["say \\"", 1],}', {"a": "x", "b": ['say "', 1]}, {"trailing_comma": 1}),
        ('{"a": "x"", "b": ""y"}', {"a": "x", "b": "y"}, {"inner_quote": 2}),
    ],
)  # fmt: skip
def test_what_is_broken_is_repaired_and_counted(text: str, value: Any, fixes: dict[str, int]) -> None:
    decoded = decode(text)
    assert decoded.value == value
    assert {
        name: count for name, count in decoded.fixes.items() if name != "raw_control" or name in fixes
    } == fixes


def test_json_pasted_into_a_string_stays_a_string() -> None:
    text = '{"a": "Return {"x": "1", "y": [2]} only", "b": "z"}'
    assert decode(text).value == {"a": 'Return {"x": "1", "y": [2]} only', "b": "z"}


def test_the_end_is_the_index_behind_the_document() -> None:
    assert decode('see {"a": 1,} now', 4).end == 13


def test_a_headless_document_lacks_its_brace() -> None:
    assert decode('"a": 1, "b": [2]}', headless=True).value == {"a": 1, "b": [2]}


@pytest.mark.parametrize("text", ['{"a": "x y', '{"a": ["b", "x y', "{'a': 'x y", '{"a": x y'])
def test_a_string_that_is_cut_off_says_so(text: str) -> None:
    decoded = decode(text)
    last = decoded.value["a"][-1] if isinstance(decoded.value["a"], list) else decoded.value["a"]
    assert decoded.truncated
    assert last == "x y"
    assert isinstance(last, CutText)


def test_a_document_that_lost_its_last_mark_is_not_cut_off() -> None:
    decoded = decode('{"a": "x y\n}')
    assert decoded.value == {"a": "x y"}
    assert not isinstance(decoded.value["a"], CutText)


def test_brackets_deeper_than_the_limit_are_skipped() -> None:
    decoded = decode("[" * 5000 + "1")
    depth, value = 0, decoded.value
    while isinstance(value, list) and value:
        depth, value = depth + 1, value[0]
    assert depth <= MAX_DEPTH
    assert decoded.fixes["too_deep"] >= 5000 - MAX_DEPTH


def test_a_number_too_long_for_python_is_a_text() -> None:
    assert decode('{"a": ' + "1" * 5000 + "}").value == {"a": "1" * 5000}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(min_size=1, max_size=10), inner, max_size=5),
    max_leaves=30,
)  # fmt: skip


@pytest.mark.slow
@given(JSON, st.sampled_from([None, 2]))
def test_valid_json_with_plain_strings_is_decoded_as_it_is(value: Any, indent: int | None) -> None:
    text = json.dumps(plain(value), indent=indent)
    if text[0] in "{[":
        decoded = decode(text)
        assert decoded.value == plain(value)
        assert not decoded.fixes
        assert decoded.end == len(text)


def plain(value: Any) -> Any:
    """Return `value` with strings of letters only: other ones may look like JSON inside JSON."""
    if isinstance(value, str):
        return "x" + "".join(c for c in value if c.isalpha())
    if isinstance(value, dict):
        return {plain(key): plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


@given(st.text(alphabet="{}[]()\"':,\\/*#\n ab1.=+-<>`“”null", max_size=200), st.integers(0, 5))
def test_it_always_ends_and_never_raises(text: str, start: int) -> None:
    decoded = decode(text, min(start, len(text)))
    assert decoded.end <= len(text) + 1
    decode(text, headless=True)
