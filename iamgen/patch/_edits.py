"""Splices: ranges of characters that become other text, checked, applied, and turned to bytes."""

from dataclasses import dataclass
from itertools import pairwise

from iamgen.errors import InputError
from iamgen.model.result import TextEdit


@dataclass(frozen=True, slots=True, order=True)
class Splice:
    """Characters `start` to `end` become `text`."""

    start: int
    end: int
    text: str


def refuse(place: str, why: str = "") -> InputError:
    """Return the error for a form that cannot be patched."""
    return InputError(f"cannot patch this form: {place}", hint=why)


def merged(splices: list[Splice], place: str) -> list[Splice]:
    """Return the splices in order, equal ones once.

    Raises:
        InputError: two of them overlap.
    """
    ordered = sorted(set(splices))
    for left, right in pairwise(ordered):
        if right.start < left.end or (right.start == left.start and right.end == left.end):
            raise refuse(place, "two changes meet in one place")
    return ordered


def apply(text: str, splices: list[Splice]) -> str:
    """Return the text with the splices applied."""
    parts: list[str] = []
    position = 0
    for splice in splices:
        parts += [text[position : splice.start], splice.text]
        position = splice.end
    return "".join([*parts, text[position:]])


def to_edits(path: str, text: str, splices: list[Splice]) -> tuple[TextEdit, ...]:
    """Return the splices in bytes of the UTF-8 text."""
    edits = []
    position = offset = 0
    for splice in splices:
        offset += len(text[position : splice.start].encode())
        length = len(text[splice.start : splice.end].encode())
        edits.append(TextEdit(path=path, start=offset, end=offset + length, text=splice.text))
        offset += length
        position = splice.end
    return tuple(edits)


def apply_edits(data: bytes, edits: tuple[TextEdit, ...]) -> bytes:
    """Return the bytes of a file with edits applied."""
    parts: list[bytes] = []
    position = 0
    for edit in sorted(edits, key=lambda item: item.start):
        parts += [data[position : edit.start], edit.text.encode()]
        position = edit.end
    return b"".join([*parts, data[position:]])
