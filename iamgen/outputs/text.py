"""Any answer for a terminal; plain text, no control characters of the input."""

from typing import Any

from iamgen.model.result import PolicyDiff, SuggestResult
from iamgen.model.scan import ScanResult
from iamgen.outputs._diff_text import diff_text
from iamgen.outputs._scan import scan_text
from iamgen.outputs._text_suggest import suggest_text
from iamgen.plugins import OutputFormat


def render(result: Any) -> str:
    """Return the answer as text."""
    if isinstance(result, PolicyDiff):
        return diff_text(result)
    return scan_text(result) if isinstance(result, ScanResult) else suggest_text(result)


PLUGIN = OutputFormat(name="text", suffix=".txt", renders=(SuggestResult, PolicyDiff, ScanResult), render=render)
