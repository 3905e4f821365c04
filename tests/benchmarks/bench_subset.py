"""Time per verdict on pairs of 10, 30 and 60 statements, beside cvc5 where it is installed.

    python tests/benchmarks/bench_subset.py [pairs] [--cvc5]

Pairs are made of real actions and their own ARN forms: a suggested side, and a current side that is
wider (the verdict is "proved") or misses one pattern (the verdict is a witness).
"""

import random
import statistics
import sys
import time

from iamgen.access.maps import open_maps
from iamgen.model.policy import Policy, Statement
from iamgen.semantics.layers import Layers
from iamgen.semantics.subset import subset
from iamgen.semantics.universe import universe_of

UNIVERSE = universe_of(open_maps())
SIZES = (10, 30, 60)
SERVICES = ("s3", "sqs", "sns", "dynamodb", "lambda", "kms", "logs", "ssm", "secretsmanager", "events")


def _filled(template, dice):
    while "${" in template:
        before, _, rest = template.partition("${")
        name, _, after = rest.partition("}")
        value = {"Partition": "aws", "Region": "us-east-1", "Account": "111122223333"}.get(
            name, f"n{dice.randrange(30)}" + dice.choice(("", "*", "-*"))
        )
        template = before + value + after
    return template


def pair(size, seed, *, holds):
    """Return a suggested and a current side of `size` statements."""
    dice = random.Random(seed)
    narrow, wide = [], []
    for _ in range(size):
        service = dice.choice(SERVICES)
        names = [n for n in UNIVERSE.names if n.startswith(f"{service}:")]
        lead = dice.choice(names)
        forms = [t for t in UNIVERSE.signature(UNIVERSE.position(lead)) if t != "*"] or ["*"]
        resources = tuple(_filled(dice.choice(forms), dice) for _ in range(dice.randint(1, 6)))
        actions = tuple({lead, *dice.sample(names, min(len(names), dice.randint(1, 10)))})
        narrow.append(Statement("Allow", actions, resources=resources))
        more = tuple({*actions, f"{lead[:-3]}*"})
        wide.append(Statement("Allow", more, resources=(*resources, _filled(forms[0], dice))))
    if not holds:
        victim = dice.randrange(size)
        wide[victim] = Statement("Allow", wide[victim].actions, resources=("arn:aws:none:::x",))
    dice.shuffle(wide)
    return Policy(tuple(narrow)), Policy(tuple(wide))


def _cvc5_seconds(narrow, wide, limit_ms=20_000):
    """Return how long cvc5 takes to say the same, as one question over strings."""
    import cvc5
    from cvc5 import Kind

    solver = cvc5.Solver()
    solver.setLogic("QF_S")
    solver.setOption("strings-exp", "true")
    solver.setOption("tlimit-per", str(limit_ms))
    text = solver.getStringSort()
    action, resource = solver.mkConst(text, "a"), solver.mkConst(text, "r")

    def inside(variable, pattern):
        parts = []
        for sign in pattern:
            if sign == "*":
                parts.append(solver.mkTerm(Kind.REGEXP_STAR, solver.mkTerm(Kind.REGEXP_ALLCHAR)))
            elif sign == "?":
                parts.append(solver.mkTerm(Kind.REGEXP_ALLCHAR))
            else:
                parts.append(solver.mkTerm(Kind.STRING_TO_REGEXP, solver.mkString(sign)))
        whole = parts[0] if len(parts) == 1 else solver.mkTerm(Kind.REGEXP_CONCAT, *parts)
        return solver.mkTerm(Kind.STRING_IN_REGEXP, variable, whole)

    def any_of(terms):
        return terms[0] if len(terms) == 1 else solver.mkTerm(Kind.OR, *terms)

    def allowed(policy):
        return any_of(
            [
                solver.mkTerm(
                    Kind.AND,
                    any_of([inside(action, a.lower()) for a in s.actions]),
                    any_of([inside(resource, r) for r in s.resources]),
                )
                for s in policy.statements
            ]
        )

    started = time.perf_counter()
    solver.assertFormula(allowed(narrow))
    solver.assertFormula(solver.mkTerm(Kind.NOT, allowed(wide)))
    answer = solver.checkSat()
    return time.perf_counter() - started, str(answer)


def main():
    """Print median and 95th percentile in milliseconds for each size."""
    plain = [word for word in sys.argv[1:] if not word.startswith("--")]
    pairs = int(plain[0]) if plain else 30
    print(f"{'statements':>10} {'holds':>6} {'median ms':>10} {'p95 ms':>8} {'kinds'}")
    for size in SIZES:
        for holds in (True, False):
            times, kinds = [], {}
            for seed in range(pairs):
                narrow, wide = pair(size, seed, holds=holds)
                started = time.perf_counter()
                kind = subset(Layers.of(narrow), Layers.of(wide), UNIVERSE).kind
                times.append((time.perf_counter() - started) * 1000)
                kinds[kind.value] = kinds.get(kind.value, 0) + 1
            times.sort()
            median, high = statistics.median(times), times[int(len(times) * 0.95)]
            print(f"{size:>10} {holds!s:>6} {median:>10.2f} {high:>8.2f} {kinds}")
            if "--cvc5" in sys.argv and size <= 30:
                found = [_cvc5_seconds(*pair(size, seed, holds=holds)) for seed in range(2)]
                shown = ", ".join(f"{seconds * 1000:.0f} ms {answer}" for seconds, answer in found)
                print(f"{'cvc5':>10} {holds!s:>6} {shown}")


if __name__ == "__main__":
    main()
