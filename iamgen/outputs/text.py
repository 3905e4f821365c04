"""Any answer for a terminal; plain text, no control characters of the input."""

from typing import Any

from iamgen.model.result import SuggestResult
from iamgen.outputs._text_suggest import suggest_text
from iamgen.plugins import OutputFormat


def render(result: Any) -> str:
    """Return the answer as text."""
    return suggest_text(result)


PLUGIN = OutputFormat(name="text", suffix=".txt", renders=(SuggestResult,), render=render)
