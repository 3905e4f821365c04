"""Patterns against a brute-force oracle."""

import itertools
import re
import time

import pytest

from iamgen.model.glob import Glob, normalized

PATTERNS = ["".join(p) for n in range(5) for p in itertools.product("a*?", repeat=n)]
STRINGS = ["".join(s) for n in range(8) for s in itertools.product("ab", repeat=n)]


def _matches(pattern, text):
    written = "".join({"*": ".*", "?": "."}.get(sign, re.escape(sign)) for sign in pattern)
    return re.fullmatch(written, text, re.DOTALL) is not None


LANGUAGES = {p: frozenset(s for s in STRINGS if _matches(p, s)) for p in PATTERNS}


def test_matches_is_what_a_regular_expression_says():
    for pattern, language in LANGUAGES.items():
        assert {s for s in STRINGS if Glob(pattern).matches(s)} == language, pattern


def test_covers_and_overlaps_are_exact_on_all_pairs_of_short_patterns():
    pairs = list(itertools.product(PATTERNS, PATTERNS))
    assert len(pairs) == 14_641

    for one, other in pairs:
        wide, narrow = Glob(one), Glob(other)
        assert wide.covers(narrow) == (LANGUAGES[other] <= LANGUAGES[one]), (one, other)
        assert wide.overlaps(narrow) == bool(LANGUAGES[other] & LANGUAGES[one]), (one, other)
        assert not wide.surely_covers(narrow) or LANGUAGES[other] <= LANGUAGES[one]


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("[a-z]", "a", False),
        ("a.c", "abc", False),
        ("a\\*", "a*", False),
        ("*", "a\nb", True),
        ("é?", "éa", True),
    ],
)
def test_nothing_but_star_and_question_mark_is_special(pattern, text, expected):
    assert Glob(pattern).matches(text) is expected


def test_runs_of_wildcards_have_one_form():
    assert normalized("a*?**?b?*") == "a??*b?*"


def test_patterns_made_to_explode_end_soon():
    started = time.process_time()
    hard, harder = Glob("*a" + "?" * 60 + "*b"), Glob("*" + "a*" * 2000 + "?" * 40)

    assert not hard.covers(Glob("*a" + "?" * 59 + "*b*"))
    assert not hard.matches("a" * 5000)
    assert not harder.surely_covers(hard)
    assert time.process_time() - started < 10
