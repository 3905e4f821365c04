"""The cheapest exact cover of one block of a role: statements, each action set x resource set.

In comes a `Block`: which action is needed on which resource, which cells are free (allowed anyway
by a wider cell, or without meaning), and what the characters of each name cost. Out goes a
`Cover`: rectangles that hold every needed cell and no forbidden one, their cost as AWS counts
characters, and a lower bound that no exact cover can beat.

The search: equal rows and equal columns are taken as one (twins), rectangles are grown greedily,
pruned, merged, and rebuilt in part from a fixed random sequence, so the same block always gives
the same bytes. Small blocks are decided by going through all covers. Nothing is widened here.
"""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

EFFORT = 10
"""Restarts of the search, each followed by partial rebuilds; more gives little."""

LARGE = 900
"""Cells of a reduced matrix beyond which one quick pass must do: the search would take minutes."""

DECIDED_CELLS = 9
"""Blocks of at most so many needed cells are decided exactly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One matrix: `needed[i]` and `free[i]` are bit masks over the columns of row `i`."""

    row_chars: tuple[int, ...]
    """Characters of each action with its quotes and its comma."""
    column_chars: tuple[int, ...]
    needed: tuple[int, ...]
    free: tuple[int, ...]
    """Cells that may be covered without granting anything new."""
    statement_chars: int
    """Characters of a statement besides its two lists, its comma included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """Rectangles as (row indices, column indices), sorted."""

    rectangles: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]
    chars: int
    lower_bound: int
    optimal: bool


@dataclass(slots=True, kw_only=True)
class Reduced:
    """A block after twin reduction: a row (column) per class of equal rows (columns)."""

    rows: list[tuple[int, ...]]
    columns: list[tuple[int, ...]]
    row_chars: list[int]
    column_chars: list[int]
    needed: list[int]
    allowed: list[int]
    needed_by_column: list[int]
    allowed_by_column: list[int]
    statement_chars: int
    row_lists: dict[int, int] = field(default_factory=dict)
    """Characters of the action lists priced so far, by mask."""
    column_lists: dict[int, int] = field(default_factory=dict)


Rectangle = tuple[int, int]
"""Row mask and column mask over the reduced block."""


@lru_cache(maxsize=1 << 16)
def bits(mask: int) -> tuple[int, ...]:
    """Return the positions of the set bits, lowest first."""
    found = []
    while mask:
        low = mask & -mask
        found.append(low.bit_length() - 1)
        mask ^= low
    return tuple(found)


def cover(block: Block, *, effort: int = EFFORT) -> Cover:
    """Return the cheapest exact cover found, with a lower bound on every exact cover."""
    reduced = reduce_twins(block)
    if not reduced.rows:
        return Cover(rectangles=(), chars=0, lower_bound=0, optimal=True)
    decided = _decide(reduced)
    if decided is not None:
        return to_cover(reduced, decided, _total(reduced, decided))
    best = _search(reduced, effort)
    return to_cover(reduced, best, lower_bound(reduced))


def to_cover(reduced: Reduced, rectangles: Iterable[Rectangle], bound: int) -> Cover:
    """Return rectangles of the reduced block in the indices of the block they came from."""
    chosen = list(rectangles)
    chars = _total(reduced, chosen)
    expanded = sorted(
        (
            tuple(sorted(row for index in bits(rows) for row in reduced.rows[index])),
            tuple(sorted(column for index in bits(columns) for column in reduced.columns[index])),
        )
        for rows, columns in chosen
    )
    bound = min(bound, chars)
    return Cover(rectangles=tuple(expanded), chars=chars, lower_bound=bound, optimal=bound == chars)


def reduce_twins(block: Block) -> Reduced:
    """Return the block with equal rows and equal columns taken as one, and empty ones left out."""
    columns_seen: dict[tuple[int, int], list[int]] = {}
    by_column_needed = _transpose(block.needed, len(block.column_chars))
    by_column_free = _transpose(block.free, len(block.column_chars))
    for column, needed in enumerate(by_column_needed):
        if needed:
            columns_seen.setdefault((needed, by_column_free[column] & ~needed), []).append(column)
    columns = [tuple(members) for members in columns_seen.values()]
    rows_seen: dict[tuple[int, int], list[int]] = {}
    for row, needed in enumerate(block.needed):
        if needed:
            slim_needed = sum(1 << at for at, members in enumerate(columns) if needed >> members[0] & 1)
            slim_free = sum(
                1 << at for at, members in enumerate(columns) if (block.free[row] & ~needed) >> members[0] & 1
            )
            rows_seen.setdefault((slim_needed, slim_free), []).append(row)
    needed_rows = [key[0] for key in rows_seen]
    allowed_rows = [key[0] | key[1] for key in rows_seen]
    rows = [tuple(members) for members in rows_seen.values()]
    return Reduced(
        rows=rows,
        columns=columns,
        row_chars=[sum(block.row_chars[row] for row in members) for members in rows],
        column_chars=[sum(block.column_chars[column] for column in members) for members in columns],
        needed=needed_rows,
        allowed=allowed_rows,
        needed_by_column=_transpose(needed_rows, len(columns)),
        allowed_by_column=_transpose(allowed_rows, len(columns)),
        statement_chars=block.statement_chars,
    )


def _transpose(masks: Iterable[int], width: int) -> list[int]:
    result = [0] * width
    for row, mask in enumerate(masks):
        for column in bits(mask):
            result[column] |= 1 << row
    return result


def _list_chars(members: list[tuple[int, ...]], chars: list[int], mask: int) -> int:
    """Characters of a list with its brackets, or of a plain string when there is one member."""
    total, count = 0, 0
    for index in bits(mask):
        total += chars[index]
        count += len(members[index])
    return total + 1 if count > 1 else total - 1


def rectangle_chars(reduced: Reduced, rectangle: Rectangle) -> int:
    """Return what one statement costs."""
    rows, columns = rectangle
    row_chars = reduced.row_lists.get(rows)
    if row_chars is None:
        row_chars = _list_chars(reduced.rows, reduced.row_chars, rows)
        reduced.row_lists[rows] = row_chars
    column_chars = reduced.column_lists.get(columns)
    if column_chars is None:
        column_chars = _list_chars(reduced.columns, reduced.column_chars, columns)
        reduced.column_lists[columns] = column_chars
    return reduced.statement_chars + row_chars + column_chars


def _total(reduced: Reduced, rectangles: Iterable[Rectangle]) -> int:
    return sum(rectangle_chars(reduced, rectangle) for rectangle in rectangles)


def _common_rows(reduced: Reduced, columns: int) -> int:
    """Rows that are allowed on all of the columns."""
    common = (1 << len(reduced.rows)) - 1
    for column in bits(columns):
        common &= reduced.allowed_by_column[column]
    return common


def _common_columns(reduced: Reduced, rows: int) -> int:
    common = (1 << len(reduced.columns)) - 1
    for row in bits(rows):
        common &= reduced.allowed[row]
    return common


def _decide(reduced: Reduced) -> list[Rectangle] | None:
    """Return the optimum of a small block, None for a larger one.

    From the lowest open cell on, each rectangle that holds it and is made of needed and free cells
    is tried; covers of the same cells are decided once.
    """
    cells = [(row, col) for row, mask in enumerate(reduced.needed) for col in bits(mask)]
    if len(cells) > DECIDED_CELLS:
        return None
    options: dict[int, list[tuple[int, int, Rectangle]]] = {at: [] for at in range(len(cells))}
    for rows in range(1, 1 << len(reduced.rows)):
        common = _common_columns(reduced, rows)
        columns = common
        while columns:
            held = sum(1 << at for at, (row, column) in enumerate(cells) if rows >> row & 1 and columns >> column & 1)
            if held:
                chars = rectangle_chars(reduced, (rows, columns))
                for at in bits(held):
                    options[at].append((held, chars, (rows, columns)))
            columns = (columns - 1) & common
    full = (1 << len(cells)) - 1
    best: dict[int, tuple[int, list[Rectangle]]] = {full: (0, [])}
    for covered in range(full - 1, -1, -1):
        lowest = (~covered & (covered + 1)).bit_length() - 1
        choice: tuple[int, list[Rectangle]] | None = None
        for held, chars, rectangle in options[lowest]:
            rest_chars, rest = best[covered | held]
            if choice is None or chars + rest_chars < choice[0]:
                choice = (chars + rest_chars, [rectangle, *rest])
        assert choice is not None  # noqa: S101  INVARIANT: each needed cell is a rectangle itself
        best[covered] = choice
    return _prune(reduced, best[0][1])


def _search(reduced: Reduced, effort: int) -> list[Rectangle]:
    dice = random.Random(len(reduced.rows) * 1009 + len(reduced.columns))  # noqa: S311  a fixed sequence, no secret
    size = len(reduced.rows) * len(reduced.columns)
    if size > LARGE:
        return _quick(reduced)
    candidates = [
        _improve(reduced, [(1 << row, mask) for row, mask in enumerate(reduced.needed)]),
        _improve(reduced, [(mask, 1 << col) for col, mask in enumerate(reduced.needed_by_column)]),
        _improve(reduced, _complete(reduced, [], None)),
    ]
    best = min(candidates, key=lambda found: _total(reduced, found))
    best_chars = _total(reduced, best)
    bound = lower_bound(reduced)
    if best_chars <= bound or len(best) == 1:
        return best
    restarts = effort if size <= 400 else max(4, effort // 3)
    for _ in range(restarts):
        current = _improve(reduced, _complete(reduced, [], dice))
        current_chars = _total(reduced, current)
        for _ in range(6):
            if len(current) < 3:
                break
            drop = set(dice.sample(range(len(current)), min(len(current), dice.choice((2, 2, 3, 4)))))
            kept = [item for index, item in enumerate(current) if index not in drop]
            attempt = _improve(reduced, _complete(reduced, kept, dice))
            chars = _total(reduced, attempt)
            if chars <= current_chars:
                current, current_chars = attempt, chars
        if current_chars < best_chars:
            best, best_chars = current, current_chars
            if best_chars <= bound:
                break
    return best


def _quick(reduced: Reduced) -> list[Rectangle]:
    """Return the best of one statement per row, per column, and one greedy pass from long rows."""
    open_cells = list(reduced.needed)
    greedy: list[Rectangle] = []
    while any(open_cells):
        seed = max(range(len(open_cells)), key=lambda row: (open_cells[row].bit_count(), -row))
        _, rectangle = _grow(reduced, open_cells, seed, open_cells[seed])
        greedy.append(rectangle)
        for row in bits(rectangle[0]):
            open_cells[row] &= ~rectangle[1]
    candidates = (
        [(1 << row, mask) for row, mask in enumerate(reduced.needed)],
        [(mask, 1 << column) for column, mask in enumerate(reduced.needed_by_column)],
        greedy,
    )
    return min((_prune(reduced, found) for found in candidates), key=lambda found: _total(reduced, found))


def _complete(reduced: Reduced, start: list[Rectangle], dice: random.Random | None) -> list[Rectangle]:
    """Return `start` and the rectangles grown greedily until every needed cell is covered."""
    chosen = list(start)
    open_cells = list(reduced.needed)
    for rows, columns in chosen:
        for row in bits(rows):
            open_cells[row] &= ~columns
    while any(open_cells):
        best: tuple[float, Rectangle] | None = None
        for row, mask in enumerate(open_cells):
            if mask:
                score, rectangle = _grow(reduced, open_cells, row, mask)
                if dice is not None:
                    score *= 0.8 + 0.4 * dice.random()
                if best is None or score < best[0]:
                    best = (score, rectangle)
        assert best is not None  # noqa: S101  INVARIANT: an open cell always yields a rectangle
        rows, columns = best[1]
        chosen.append(best[1])
        for row in bits(rows):
            open_cells[row] &= ~columns
    return chosen


def _grow(reduced: Reduced, open_cells: list[int], seed: int, columns: int) -> tuple[float, Rectangle]:
    """Return the best rectangle grown from one row, with its characters per newly covered cell."""
    rows = 1 << seed
    covered = columns.bit_count()
    score = rectangle_chars(reduced, (rows, columns)) / covered
    pending = [row for row in range(len(open_cells)) if row != seed and open_cells[row] & columns]
    while pending:
        best: tuple[float, int, int] | None = None
        for row in pending:
            slim = columns & reduced.allowed[row]
            if not slim or not open_cells[row] & slim:
                continue
            grown = rows | 1 << row
            count = sum((open_cells[member] & slim).bit_count() for member in bits(grown))
            attempt = rectangle_chars(reduced, (grown, slim)) / count
            if best is None or attempt < best[0]:
                best = (attempt, row, slim)
        if best is None or best[0] >= score:
            break
        score, chosen, columns = best
        rows |= 1 << chosen
        pending.remove(chosen)
    return score, (rows, columns)


def _improve(reduced: Reduced, rectangles: list[Rectangle]) -> list[Rectangle]:
    """Return a cover that is no dearer: pruned, merged, dissolved where others take over."""
    current = _prune(reduced, rectangles)
    chars = _total(reduced, current)
    while True:
        attempt = _dissolve(reduced, _stretch(reduced, _merge(reduced, current)))
        attempt = _prune(reduced, attempt)
        fresh = _total(reduced, attempt)
        if fresh >= chars:
            return current
        current, chars = attempt, fresh


def _counts(reduced: Reduced, rectangles: list[Rectangle]) -> tuple[list[int], list[int]]:
    """For each row, the columns covered at least once and at least twice."""
    once = [0] * len(reduced.rows)
    twice = [0] * len(reduced.rows)
    for rows, columns in rectangles:
        for row in bits(rows):
            twice[row] |= once[row] & columns
            once[row] |= columns
    return once, twice


def _prune(reduced: Reduced, rectangles: list[Rectangle]) -> list[Rectangle]:
    """Return the rectangles without rows and columns that cover nothing of their own."""
    current = sorted(set(rectangles), key=lambda item: (-rectangle_chars(reduced, item), item))
    return _shrink(reduced, current)


def _shrink(reduced: Reduced, current: list[Rectangle]) -> list[Rectangle]:
    """Return the rectangles, each cut to what it alone covers, first ones first, until none is."""
    _, twice = _counts(reduced, current)
    changed = True
    while changed:
        changed = False
        for index, (rows, columns) in enumerate(current):
            slim_columns = 0
            slim_rows = 0
            for row in bits(rows):
                own = reduced.needed[row] & columns & ~twice[row]
                if own:
                    slim_rows |= 1 << row
                    slim_columns |= own
            if (slim_rows, slim_columns) != (rows, columns):
                current[index] = (slim_rows, slim_columns)
                changed = True
                _, twice = _counts(reduced, current)
        current = [item for item in current if item[0] and item[1]]
    return current


def _merge(reduced: Reduced, rectangles: list[Rectangle]) -> list[Rectangle]:
    """Return the rectangles with each pair joined that is cheaper together."""
    current = list(rectangles)
    changed = True
    while changed:
        changed = False
        for first in range(len(current)):
            for second in range(first + 1, len(current)):
                rows = current[first][0] | current[second][0]
                columns = current[first][1] | current[second][1]
                if columns & ~_common_columns(reduced, rows):
                    continue
                joined = (rows, columns)
                before = rectangle_chars(reduced, current[first]) + rectangle_chars(reduced, current[second])
                if rectangle_chars(reduced, joined) < before:
                    current[first] = joined
                    del current[second]
                    changed = True
                    break
            if changed:
                break
    return current


def _stretch(reduced: Reduced, rectangles: list[Rectangle]) -> list[Rectangle]:
    """Return the cover after each widening of one rectangle that lets the others shrink by more."""
    current = list(rectangles)
    chars = _total(reduced, current)
    for index in range(len(current)):
        if index >= len(current):
            break
        rows, columns = current[index]
        grown = [
            (rows | _common_rows(reduced, columns), columns),
            (rows, columns | _common_columns(reduced, rows)),
        ]
        for candidate in grown:
            if candidate == (rows, columns):
                continue
            attempt = _prune_keeping(reduced, current, index, candidate)
            fresh = _total(reduced, attempt)
            if fresh < chars:
                current, chars = attempt, fresh
                break
    return current


def _prune_keeping(reduced: Reduced, rectangles: list[Rectangle], index: int, candidate: Rectangle) -> list[Rectangle]:
    """Return the cover with one rectangle widened and the others pruned before it."""
    others = [item for at, item in enumerate(rectangles) if at != index]
    return _prune(reduced, _shrink(reduced, [*others, candidate]))


def _dissolve(reduced: Reduced, rectangles: list[Rectangle]) -> list[Rectangle]:
    """Return the cover with each rectangle gone whose own cells others can take over for less."""
    current = list(rectangles)
    index = 0
    while index < len(current) and len(current) > 1:
        others = current[:index] + current[index + 1 :]
        replaced = _absorb(reduced, others, current[index])
        if replaced is not None and _total(reduced, replaced) < _total(reduced, current):
            current = replaced
            index = 0
        else:
            index += 1
    return current


def _absorb(reduced: Reduced, others: list[Rectangle], lost: Rectangle) -> list[Rectangle] | None:
    """Return `others` widened to cover what only `lost` covered, or None if they cannot."""
    result = list(others)
    once, _ = _counts(reduced, others)
    for row in bits(lost[0]):
        missing = reduced.needed[row] & lost[1] & ~once[row]
        while missing:
            choice: tuple[int, int, Rectangle] | None = None
            for at, (rows, columns) in enumerate(result):
                part = missing & columns
                candidates = []
                if part and not columns & ~reduced.allowed[row]:
                    candidates.append((rows | 1 << row, columns))
                if rows >> row & 1:
                    candidates += [
                        (rows, columns | 1 << column)
                        for column in bits(missing)
                        if not rows & ~reduced.allowed_by_column[column]
                    ]
                for candidate in candidates:
                    dearer = rectangle_chars(reduced, candidate) - rectangle_chars(reduced, (rows, columns))
                    if choice is None or dearer < choice[0]:
                        choice = (dearer, at, candidate)
            if choice is None:
                return None
            _, at, candidate = choice
            result[at] = candidate
            missing &= ~candidate[1]
    return result


def lower_bound(reduced: Reduced) -> int:
    """Return characters that every exact cover needs.

    Cells of which no two fit in one rectangle need a statement each, with their row and column in
    it; a row or column that has no such cell stands in some statement at least once.
    """
    cells = [(row, column) for row, mask in enumerate(reduced.needed) for column in bits(mask)]
    best = 0
    orders = (
        sorted(
            cells,
            key=lambda cell: (
                reduced.needed[cell[0]].bit_count() + reduced.needed_by_column[cell[1]].bit_count(),
                cell,
            ),
        ),
        sorted(
            cells,
            key=lambda cell: (-reduced.row_chars[cell[0]] - reduced.column_chars[cell[1]], cell),
        ),
    )
    for order in orders:
        chosen: list[tuple[int, int]] = []
        for row, column in order:
            if all(
                not (reduced.allowed[row] >> other & 1 and reduced.allowed[line] >> column & 1)
                for line, other in chosen
            ):
                chosen.append((row, column))
        best = max(best, _bound_of(reduced, chosen))
    return best


def _bound_of(reduced: Reduced, chosen: list[tuple[int, int]]) -> int:
    """Characters that the chosen cells need, and all rows and columns besides them."""
    rows = {row for row, _ in chosen}
    columns = {column for _, column in chosen}
    total = sum(
        reduced.statement_chars
        + _list_chars(reduced.rows, reduced.row_chars, 1 << row)
        + _list_chars(reduced.columns, reduced.column_chars, 1 << column)
        for row, column in chosen
    )
    total += sum(chars for row, chars in enumerate(reduced.row_chars) if row not in rows)
    return total + sum(chars for column, chars in enumerate(reduced.column_chars) if column not in columns)
