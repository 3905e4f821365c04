"""Laws of the meaning of policies, over small made-up ones.

A few examples of each by default; `pytest -m laws` runs them at length.
"""

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from policy_strategies import UNIVERSE, layers, policies, requests, statements

from iamgen.model.policy import Policy, Statement
from iamgen.semantics.evaluate import evaluate
from iamgen.semantics.layers import Layers
from iamgen.semantics.subset import Kind, differences, subset


def _settings(examples):
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


def law(*given_values):
    """Make two tests of a law: a short one, and one at length."""

    def make(claim):
        name = claim.__name__.removeprefix("law_")
        module = sys.modules[claim.__module__]

        def short(values):
            claim(*values)

        def long(values):
            claim(*values)

        together = st.tuples(*given_values)
        quick = _settings(25)(given(together)(short))
        lengthy = pytest.mark.laws(_settings(2000)(given(together)(long)))
        setattr(module, f"test_{name}", quick)
        setattr(module, f"test_{name}_at_length", lengthy)
        return claim

    return make


def _equivalent(left, right):
    one, other = subset(left, right, UNIVERSE), subset(right, left, UNIVERSE)
    return one.is_proved and other.is_proved


@law(layers())
def law_each_side_is_a_subset_of_itself(side):
    assert subset(side, side, UNIVERSE).is_proved
    assert differences(side, side, UNIVERSE) == ()


@law(layers(), layers(), st.lists(requests(), min_size=15, max_size=15))
def law_verdicts_agree_with_the_evaluator(left, right, asked):
    verdict = subset(left, right, UNIVERSE)
    shown = [
        request for request in asked if evaluate(request, left).is_allowed and not evaluate(request, right).is_allowed
    ]
    if verdict.kind is Kind.PROVED:
        assert not shown
    if verdict.kind is Kind.WITNESS:
        assert evaluate(verdict.witness, left).is_allowed
        assert not evaluate(verdict.witness, right).is_allowed


@law(layers(), layers())
def law_rows_are_empty_exactly_when_it_is_proved(left, right):
    rows = differences(left, right, UNIVERSE)

    assert bool(rows) == (not subset(left, right, UNIVERSE).is_proved)
    for row in rows:
        assert (row.witness is None) == (row.reason is not None)
        if row.witness is not None:
            assert row.witness.action in row.actions
            assert evaluate(row.witness, left).is_allowed
            assert not evaluate(row.witness, right).is_allowed


@law(layers(), layers(), layers())
def law_a_subset_of_a_subset_is_a_subset(one, two, three):
    middle = Layers(identity=(*one.identity, *two.identity))
    wide = Layers(identity=(*middle.identity, *three.identity))
    if subset(one, middle, UNIVERSE).is_proved and subset(middle, wide, UNIVERSE).is_proved:
        assert subset(one, wide, UNIVERSE).kind is not Kind.WITNESS


@law(policies(), st.randoms(use_true_random=False))
def law_order_and_repetition_of_statements_do_not_matter(policy, dice):
    shuffled = [*policy.statements, *policy.statements]
    dice.shuffle(shuffled)
    assert _equivalent(Layers.of(policy), Layers.of(replace(policy, statements=tuple(shuffled))))


@law(policies())
def law_splitting_statements_by_action_does_not_matter(policy):
    split = []
    for statement in policy.statements:
        split += [replace(statement, actions=(a,)) for a in statement.actions] or [statement]
    assert _equivalent(Layers.of(policy), Layers.of(replace(policy, statements=tuple(split))))


@law(policies())
def law_a_wildcard_is_the_list_of_its_actions(policy):
    def expanded(statement):
        names = tuple(
            name
            for pattern in statement.actions
            for name in UNIVERSE.names
            if UNIVERSE.mask(pattern) >> UNIVERSE.position(name) & 1
        )
        return replace(statement, actions=names) if names else statement

    wide = replace(policy, statements=tuple(expanded(s) for s in policy.statements))
    assert _equivalent(Layers.of(policy), Layers.of(wide))


@law(policies())
def law_a_deny_of_something_else_does_not_matter(policy):
    apart = Statement("Deny", ("*",), resources=("arn:aws:sns:eu-north-1:7:elsewhere",))
    denied = replace(policy, statements=(*policy.statements, apart))
    assert _equivalent(Layers.of(policy), Layers.of(denied))


@law(st.sets(st.sampled_from([n for n in UNIVERSE.names if n != "s3:PutObject"]), max_size=4))
def law_a_dropped_action_is_the_witness(others):
    without = Policy((Statement("Allow", tuple(sorted(others)) or ("sqs:Nothing",), resources=("*",)),))
    full = replace(without, statements=(*without.statements, Statement("Allow", ("s3:PutObject",), resources=("*",))))
    rows = differences(Layers.of(full), Layers.of(without), UNIVERSE)
    assert [row.actions for row in rows] == [("s3:PutObject",)]


@law(layers(), policies())
def law_another_boundary_never_adds(side, limit):
    assert subset(replace(side, boundary=limit), replace(side, boundary=None), UNIVERSE).is_proved


@law(statements(), policies())
def law_reading_what_was_written_gives_the_same(statement, policy):
    whole = replace(policy, statements=(*policy.statements, statement))
    assert Policy.from_document(whole.to_document()) == whole
