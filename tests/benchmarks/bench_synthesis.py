"""Characters over the proved optimum, time, and the saving over grouping by equal resource sets.

Run: python tests/benchmarks/bench_synthesis.py [seeds] [seconds per block for the proof] [sizes]
"""

import random
import statistics
import sys
import time

from iamgen.model.decision import Basis, Decision, Verdict
from iamgen.model.fact import ResourcePattern
from iamgen.model.policy import Policy, Statement
from iamgen.synthesis.cells import Cell, cells_of, redundant_cells
from iamgen.synthesis.cover import cover
from iamgen.synthesis.exact import cover_exactly
from iamgen.synthesis.synthesize import _groups, block_of, synthesize

SERVICES = ("s3", "dynamodb", "sqs", "sns", "ssm", "kinesis", "states", "events", "lambda", "logs")
SIZES = ((20, 10), (50, 25), (100, 50), (200, 100))
"""Actions and resources; the last size needs minutes for its proofs."""


def instance(seed: int, actions: int, resources: int) -> tuple[Decision, ...]:
    """Planted groups that overlap, and noise of 2.5 %, over services of their own resources."""
    dice = random.Random(seed)
    services = SERVICES[: max(2, actions // 10)]
    names = [
        f"{dice.choice(services)}:{dice.choice(('Get', 'Put', 'Delete', 'List'))}Thing{number:03}"
        for number in range(actions)
    ]
    arns = {
        service: [
            f"arn:aws:{service}:eu-west-1:111122223333:thing/{'n' * dice.randrange(2, 24)}{number}"
            for number in range(max(1, resources // len(services)))
        ]
        for service in services
    }
    cells: set[tuple[str, str]] = set()
    for service in services:
        own = [name for name in names if name.startswith(f"{service}:")]
        for _ in range(max(1, len(own) // 3)):
            chosen = dice.sample(own, dice.randrange(1, len(own) + 1)) if own else []
            where = dice.sample(arns[service], dice.randrange(1, len(arns[service]) + 1))
            cells |= {(name, arn) for name in chosen[:6] for arn in where[:5]}
        cells |= {(name, arn) for name in own for arn in arns[service] if dice.random() < 0.025}
    return tuple(
        Decision(
            action=name,
            resource=ResourcePattern(arn, arn),
            verdict=Verdict.KEEP,
            row=2,
            basis=Basis.CODE,
        )
        for name, arn in sorted(cells)
    )


def by_resource_set(cells: tuple[Cell, ...]) -> Policy:
    """What peers do: actions with equal resource sets share a statement."""
    where: dict[str, set[str]] = {}
    for cell in cells:
        where.setdefault(cell.action, set()).add(cell.resource.arn)
    grouped: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for action, arns in sorted(where.items()):
        key = (action.partition(":")[0], tuple(sorted(arns)))
        grouped.setdefault(key, []).append(action)
    return Policy(tuple(Statement(actions=tuple(actions), resources=arns) for (_, arns), actions in grouped.items()))


def main() -> None:
    """Print one line per size."""
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 5.0
    sizes = SIZES[: int(sys.argv[3])] if len(sys.argv) > 3 else SIZES
    for actions, resources in sizes:
        ratios, times, saved, proved, blocks = [], [], [], 0, 0
        for seed in range(seeds):
            rows = instance(seed, actions, resources)
            start = time.perf_counter()
            proposal = synthesize(rows)
            times.append(time.perf_counter() - start)
            cells = cells_of(rows)
            peer = by_resource_set(cells)
            saved.append(1 - proposal.policy.size_chars / peer.size_chars)
            redundant = redundant_cells(cells)
            for group in _groups(cells, redundant, across_services=False):
                block, _ = block_of(group, redundant, None)
                blocks += 1
                best = cover_exactly(block, seconds=seconds)
                if best.optimal:
                    proved += 1
                    ratios.append(cover(block).chars / best.chars)
        if not ratios:
            ratios = [float("nan")]
        print(
            f"{actions}x{resources}: {proved}/{blocks} blocks proved, over the optimum mean "
            f"{statistics.mean(ratios):.4f} worst {max(ratios):.4f}; time median "
            f"{statistics.median(times) * 1000:.1f} ms, most {max(times) * 1000:.1f} ms; "
            f"saving over equal resource sets {statistics.mean(saved):.1%}"
        )


if __name__ == "__main__":
    main()
