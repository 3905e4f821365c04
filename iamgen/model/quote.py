"""One quoting function per language; each scalar that iamgen writes into a file goes through one.

What leaves stands for exactly the text that entered, on one line, and starts nothing: no tag,
anchor, comment, interpolation or end of string.
"""

import json
import re

_PLAIN_YAML = re.compile(r"[A-Za-z_][A-Za-z0-9_.:/+@-]*[A-Za-z0-9_/*-]|[A-Za-z_]")
_YAML_WORDS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null", "none", "nan"))


def yaml_scalar(text: str) -> str:
    """Return a YAML scalar: plain where that is safe in block and flow context, else quoted."""
    if _PLAIN_YAML.fullmatch(text) and text.lower() not in _YAML_WORDS and not text.endswith(":") and ": " not in text:
        return text
    if all(" " <= character <= "~" for character in text):
        return "'" + text.replace("'", "''") + "'"
    return json_string(text)


def json_string(text: str) -> str:
    """Return a JSON string in ASCII; it is a YAML double-quoted scalar as well."""
    return json.dumps(text, ensure_ascii=True) if _is_bmp(text) else _wide_json(text)


def _is_bmp(text: str) -> bool:
    return all(ord(character) <= 0xFFFF for character in text)


def _wide_json(text: str) -> str:
    """JSON writes characters beyond the first plane as two escapes, which YAML reads as two."""
    parts = [json.dumps(character)[1:-1] if ord(character) <= 0xFFFF else character for character in text]
    return '"' + "".join(parts) + '"'


def hcl_string(text: str) -> str:
    """Return the inside of an HCL quoted string: no interpolation and no directive begins in it."""
    result = []
    for character in text:
        code = ord(character)
        if character in '"\\':
            result.append("\\" + character)
        elif character == "\n":
            result.append("\\n")
        elif character == "\r":
            result.append("\\r")
        elif character == "\t":
            result.append("\\t")
        elif 0x20 <= code < 0x7F:
            result.append(character)
        elif code <= 0xFFFF:
            result.append(f"\\u{code:04x}")
        else:
            result.append(f"\\U{code:08x}")
    return "".join(result).replace("${", "$${").replace("%{", "%%{")


def javascript_string(text: str) -> str:
    """Return a JavaScript or TypeScript string literal."""
    return json.dumps(text, ensure_ascii=True).replace("</", "<\\/")


def python_string(text: str) -> str:
    """Return a Python string literal in double quotes."""
    result = []
    for character in text:
        code = ord(character)
        if character in '"\\':
            result.append("\\" + character)
        elif 0x20 <= code < 0x7F:
            result.append(character)
        elif code <= 0xFF:
            result.append(f"\\x{code:02x}")
        elif code <= 0xFFFF:
            result.append(f"\\u{code:04x}")
        else:
            result.append(f"\\U{code:08x}")
    return '"' + "".join(result) + '"'


def comment(text: str) -> str:
    """Return text for a line comment of any of these languages: printable ASCII on one line."""
    return "".join(character if " " <= character <= "~" else f"\\u{ord(character):04x}" for character in text)
