"""The proved optimum of one block, by integer programming (extra `exact`).

A statement of an exact cover costs at least its frame, and each action and resource stands in one
statement at least; so a cover no dearer than the one found has a bounded number of statements, and
a proof over that number holds for every exact cover. Where the bound is too large for the solver,
the cover found is returned with the better lower bound, and `optimal` stays false.
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any

from iamgen.errors import UsageError
from iamgen.synthesis.cover import (
    Block,
    Cover,
    Rectangle,
    Reduced,
    bits,
    cover,
    lower_bound,
    reduce_twins,
    to_cover,
)

SECONDS = 10.0
"""Time limit of one block. A block that hits it is not proved."""
MAX_CELLS = 40_000
"""Variables of the model at most."""


def cover_exactly(block: Block, *, seconds: float = SECONDS) -> Cover:
    """Return the cheapest cover, proved where the solver ends within the limit.

    Raises:
        UsageError: the extra `exact` is not installed.
    """
    try:
        import highspy
    except ImportError as error:
        raise UsageError("the exact solver is not installed", hint="pip install 'iamgen[exact]'") from error
    found = cover(block)
    reduced = reduce_twins(block)
    if found.optimal or not reduced.rows:
        return found
    statements = _most_statements(reduced, found.chars)
    size = statements * len(reduced.rows) * len(reduced.columns)
    if size > MAX_CELLS:
        return found
    solved = _solve(highspy, reduced, statements, seconds)
    if solved is None:
        return found
    rectangles, bound = solved
    best = to_cover(reduced, rectangles, max(bound, lower_bound(reduced))) if rectangles else found
    if best.chars >= found.chars:
        bound = min(found.chars, max(bound, found.lower_bound))
        return Cover(
            rectangles=found.rectangles,
            chars=found.chars,
            lower_bound=bound,
            optimal=bound == found.chars,
        )
    return best


@contextlib.contextmanager
def _quiet_stdout() -> Iterator[None]:
    """Send what native code prints to stderr: the solver greets, and stdout is the result."""
    sys.stdout.flush()
    saved = os.dup(1)
    try:
        os.dup2(2, 1)
        yield
    finally:
        os.dup2(saved, 1)
        os.close(saved)


def _most_statements(reduced: Reduced, chars: int) -> int:
    """Return the number of statements that a cover of at most `chars` can have."""
    names = sum(reduced.row_chars) + sum(reduced.column_chars)
    frame = reduced.statement_chars - 2
    rows, columns = len(reduced.rows), len(reduced.columns)
    count = 1
    while count < rows * columns:
        # NOTE: more statements than rows (columns) repeat one of them in each further statement.
        repeated_rows = max(0, count + 1 - rows) * min(reduced.row_chars)
        repeated_columns = max(0, count + 1 - columns) * min(reduced.column_chars)
        if (count + 1) * frame + names + repeated_rows + repeated_columns > chars:
            break
        count += 1
    return count


def _solve(highspy: Any, reduced: Reduced, statements: int, seconds: float) -> tuple[list[Rectangle], int] | None:
    with _quiet_stdout():
        model = highspy.Highs()
    model.silent()
    model.setOptionValue("time_limit", seconds)
    model.setOptionValue("threads", 1)
    model.setOptionValue("random_seed", 1)
    model.setOptionValue("mip_rel_gap", 0.0)
    model.setOptionValue("mip_abs_gap", 0.5)
    rows, columns = range(len(reduced.rows)), range(len(reduced.columns))
    objective: Any = 0
    uses: dict[tuple[int, int], Any] = {}
    takes: dict[tuple[int, int], Any] = {}
    used = []
    for at in range(statements):
        is_used = model.addBinary()
        used.append(is_used)
        objective += (reduced.statement_chars - 2) * is_used
        for row in rows:
            uses[at, row] = model.addBinary()
            objective += reduced.row_chars[row] * uses[at, row]
            model.addConstr(uses[at, row] <= is_used)
        for column in columns:
            takes[at, column] = model.addBinary()
            objective += reduced.column_chars[column] * takes[at, column]
            model.addConstr(takes[at, column] <= is_used)
        objective += 2 * _several(model, reduced.rows, [uses[at, row] for row in rows])
        objective += 2 * _several(model, reduced.columns, [takes[at, col] for col in columns])
        for row in rows:
            for column in columns:
                if not reduced.allowed[row] >> column & 1:
                    model.addConstr(uses[at, row] + takes[at, column] <= 1)
        if at:
            model.addConstr(used[at] <= used[at - 1])
    _demand(model, reduced, statements, uses, takes)
    model.minimize(objective)
    info = model.getInfo()
    status = model.modelStatusToString(model.getModelStatus())
    dual = info.mip_dual_bound
    if not abs(dual) < 1e15:  # also when it is no number: the solver has no bound yet
        return None
    bound = int(dual - 1e-6) + 1
    values = model.getSolution().col_value
    if status not in ("Optimal", "Time limit reached") or not values:
        return [], bound
    found: list[Rectangle] = []
    for at in range(statements):
        row_mask = sum(1 << row for row in rows if values[uses[at, row].index] > 0.5)
        column_mask = sum(1 << col for col in columns if values[takes[at, col].index] > 0.5)
        found.append((row_mask, column_mask))
    found = [(row_mask, column_mask) for row_mask, column_mask in found if row_mask and column_mask]
    return (found if _is_exact(reduced, found) else []), bound


def _demand(
    model: Any,
    reduced: Reduced,
    statements: int,
    uses: dict[tuple[int, int], Any],
    takes: dict[tuple[int, int], Any],
) -> None:
    """State that each needed cell lies in some statement."""
    for row, mask in enumerate(reduced.needed):
        for column in bits(mask):
            total: Any = 0
            for at in range(statements):
                cell = model.addVariable(lb=0, ub=1)
                model.addConstr(cell <= uses[at, row])
                model.addConstr(cell <= takes[at, column])
                total += cell
            model.addConstr(total >= 1)


def _several(model: Any, members: list[tuple[int, ...]], chosen: list[Any]) -> Any:
    """A variable that is one when the list has more than one name, which costs its brackets."""
    several = model.addBinary()
    total: Any = 0
    for index, variable in enumerate(chosen):
        total += len(members[index]) * variable
    most = sum(len(group) for group in members)
    model.addConstr(total - 1 <= most * several)
    return several


def _is_exact(reduced: Reduced, found: list[Rectangle]) -> bool:
    once = [0] * len(reduced.rows)
    for rows, columns in found:
        for row in bits(rows):
            once[row] |= columns
    return all(
        not once[row] & ~reduced.allowed[row] and not reduced.needed[row] & ~once[row]
        for row in range(len(reduced.rows))
    )
