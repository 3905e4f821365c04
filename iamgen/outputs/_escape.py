r"""One escape function per target; every name that iamgen did not write goes through one.

What enters is any text; what leaves can be put at one kind of place and does nothing there: no
markup, no link, no mention, no workflow command, no terminal control. Characters that a reader
cannot see (control, bidi, zero width, private use, surrogates) are written as `\u202e`, so that
two names that look alike never are.
"""

import re
import unicodedata

_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_HIDDEN_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0\u034f\u17b4\u17b5")
"""Blank glyphs that Unicode counts as letters or marks."""
_PUNCTUATION = re.compile(r"([!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~])")
_BREAK = "\u200b"
"""A zero-width space of our own: it parts `@` from a name, so that GitHub sees no mention."""


def capped(text: str, limit: int) -> str:
    """Return the text, cut to `limit` characters with an ellipsis at its end."""
    return text if len(text) <= limit else text[: max(limit - 1, 0)] + "…"


def visible(text: str, *, keep: str = "") -> str:
    """Return the text with each hidden character written as an escape; those in `keep` stay."""
    # NOTE: GitHub's runner takes `##[` anywhere in a line of a log for a command.
    text = text.replace("##[", "#\\x23[")
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character if character in keep or not _is_hidden(character) else _spelled(character) for character in text
    )


def terminal(text: str) -> str:
    """Return one line for a terminal or a CI log: no control, no workflow command."""
    shown = visible(text)
    return "\\x3a" + shown.lstrip()[1:] if shown.lstrip().startswith("::") else shown


def html(text: str) -> str:
    """Return text for an HTML element or a quoted attribute."""
    shown = visible(text)
    for character, entity in (
        ("&", "&amp;"),
        ("<", "&lt;"),
        (">", "&gt;"),
        ('"', "&quot;"),
        ("'", "&#x27;"),
    ):
        shown = shown.replace(character, entity)
    return shown


def markdown(text: str) -> str:
    """Return text for a line of Markdown: no markup, link, mention or issue reference."""
    shown = _PUNCTUATION.sub(r"\\\1", visible(text))
    shown = re.sub(r"\\([@#])(?=\w)", rf"\\\1{_BREAK}", shown)
    shown = shown.replace("\\:\\/\\/", f"\\:{_BREAK}\\/\\/")
    shown = re.sub(r"(?i)(www)\\\.", rf"\1{_BREAK}\\.", shown)
    return re.sub(r"(?i)(gh)\\-(?=\d)", rf"\1{_BREAK}\\-", shown)


def markdown_code(text: str) -> str:
    """Return a code span for a line or a table cell; the form in which names are shown.

    NOTE: a `|` ends a table cell even inside a code span, and how a backslash before it counts
    differs between renderers, so it is spelled out.
    """
    shown = visible(text).replace("|", "\\x7c")
    if not shown.strip():
        shown = shown.replace(" ", "\\x20") or "(empty)"
    fence = "`" * (_longest_run(shown, "`") + 1)
    pad = " " if shown.startswith(("`", " ")) or shown.endswith(("`", " ")) else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def markdown_block(text: str, language: str = "") -> str:
    """Return a fenced code block; line ends and tabs stay. `language` is ours, never from input."""
    shown = visible(text.replace("\r\n", "\n"), keep="\n\t")
    fence = "`" * max(3, _longest_run(shown, "`") + 1)
    return f"{fence}{language}\n{shown.rstrip(chr(10))}\n{fence}"


def github_message(text: str) -> str:
    """Return the message of a workflow command (`::error::…`).

    Source: GitHub's actions/toolkit, `command.ts` (checked 2026-11).
    """
    return visible(text, keep="\r\n").replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def github_property(text: str) -> str:
    """Return a property of a workflow command (`::error file=…::`)."""
    return github_message(text).replace(":", "%3A").replace(",", "%2C")


def mermaid(text: str) -> str:
    """Return the inside of a quoted Mermaid label; unusual characters become number codes."""
    return "".join(
        character if character.isalnum() or character in " -_./" else f"#{ord(character)};"
        for character in visible(text)
    )


def csv_cell(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula (it gets an apostrophe)."""
    shown = visible(text)
    return "'" + shown if shown.startswith(("=", "+", "-", "@")) else shown


def _is_hidden(character: str) -> bool:
    return (
        unicodedata.category(character) in _HIDDEN_CATEGORIES
        or character in _HIDDEN_LETTERS
        or (unicodedata.category(character) == "Zs" and character != " ")
        or "\ufe00" <= character <= "\ufe0f"
        or "\U000e0100" <= character <= "\U000e01ef"
    )


def _spelled(character: str) -> str:
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _longest_run(text: str, character: str) -> int:
    runs = re.findall(re.escape(character) + "+", text)
    return max((len(run) for run in runs), default=0)
