"""The verdict table of the contract (design 3.3), nothing else.

Enters: what code, platform, log and configuration say of one permission, whether the log could have shown it, and how
the role grants it today. Leaves: the verdict, the row that decided and its basis. The first row that fits decides.
"""

from dataclasses import dataclass
from enum import StrEnum

from iamgen.model.decision import Basis, Granted, Verdict


class Code(StrEnum):
    """What the code says: exact or bound, assumed, possible, none (and complete there), not analysed."""

    EXACT = "E"
    ASSUMED = "A"
    POSSIBLE = "P"
    NONE = "N"
    UNREAD = "0"


class Log(StrEnum):
    """What the log says: allowed and attributed, denied only, nothing."""

    ALLOWED = "A"
    DENIED = "D"
    NOTHING = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The columns of the table for one permission."""

    code: Code
    platform: bool = False
    log: Log = Log.NOTHING
    covered: bool = False
    granted: Granted
    listed: str | None = None
    """`keep`, `extra` or `deny` of iamgen.toml."""
    denied: bool = False
    """An explicit deny in the role stops every request of the row, whatever its context."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What the table answers; `verdict` None is row 13, which is no permission at all."""

    row: int
    verdict: Verdict | None
    basis: Basis
    why: str


_NEEDED = {
    Granted.EXACT: Verdict.KEEP,
    Granted.WIDER: Verdict.NARROW,
    Granted.PART: Verdict.ADD,
    Granted.NOT: Verdict.ADD,
    Granted.UNKNOWN: Verdict.ADD,
}


def decide(state: State, *, trust: str = "code") -> Ruling:
    """Return the ruling of the first row that fits; every combination fits one.

    `trust` is `code` or `both`; with `both` only the basis "code and log" removes.
    """
    if state.listed:
        return _listed(state)
    in_code = state.code in (Code.EXACT, Code.ASSUMED)
    basis = _basis(state)
    if state.denied and (in_code or state.platform or state.log is Log.ALLOWED):
        return Ruling(row=1, verdict=Verdict.REVIEW, basis=basis, why="denied-by-role")
    if in_code:
        return _coded(state, basis)
    verdict = _NEEDED[state.granted]
    if state.platform:
        return Ruling(row=6, verdict=verdict, basis=basis, why="platform")
    if state.log is Log.ALLOWED:
        why = "observed" if state.code is Code.UNREAD else "unexplained-use"
        return Ruling(row=7, verdict=verdict, basis=basis, why=why)
    if state.granted in (Granted.NOT, Granted.UNKNOWN):
        return Ruling(row=13, verdict=None, basis=Basis.NONE, why="not-granted")
    return _unneeded(state, trust)


def _listed(state: State) -> Ruling:
    if state.listed == "deny":
        return Ruling(row=0, verdict=Verdict.REMOVE, basis=Basis.CONFIG, why="listed-deny")
    return Ruling(row=0, verdict=_NEEDED[state.granted], basis=Basis.CONFIG, why="listed-keep")


def _coded(state: State, basis: Basis) -> Ruling:
    assumed = state.code is Code.ASSUMED
    verdict = _NEEDED[state.granted]
    if state.granted is Granted.UNKNOWN:
        return Ruling(row=5 if assumed else 3, verdict=verdict, basis=basis, why="needed")
    if state.granted in (Granted.NOT, Granted.PART):
        if state.log is Log.ALLOWED:
            return Ruling(row=5 if assumed else 4, verdict=verdict, basis=basis, why="works-today")
        why = "failing-now" if state.log is Log.DENIED else "will-break"
        return Ruling(row=5 if assumed else 3, verdict=verdict, basis=basis, why=why)
    why = "blocked" if state.log is Log.DENIED else "needed"
    return Ruling(row=5 if assumed else 2, verdict=verdict, basis=basis, why=why)


def _unneeded(state: State, trust: str) -> Ruling:
    if state.code is Code.POSSIBLE:
        return Ruling(row=8, verdict=Verdict.REVIEW, basis=Basis.NONE, why="unresolved-call")
    both = trust == "both"
    if state.code is Code.NONE:
        if state.covered:
            return Ruling(row=9, verdict=Verdict.REMOVE, basis=Basis.CODE_AND_LOG, why="unused")
        verdict = Verdict.REVIEW if both else Verdict.REMOVE
        return Ruling(row=10, verdict=verdict, basis=Basis.CODE, why="unused-by-code")
    if state.covered:
        verdict = Verdict.REVIEW if both else Verdict.REMOVE
        return Ruling(row=11, verdict=verdict, basis=Basis.LOG, why="unused-by-log")
    return Ruling(row=12, verdict=Verdict.REVIEW, basis=Basis.NONE, why="nobody-could-see")


def _basis(state: State) -> Basis:
    in_code = state.code in (Code.EXACT, Code.ASSUMED)
    if in_code and state.log is Log.ALLOWED:
        return Basis.CODE_AND_LOG
    if in_code:
        return Basis.CODE
    if state.platform:
        return Basis.PLATFORM
    if state.log is Log.ALLOWED:
        return Basis.LOG
    return Basis.NONE
