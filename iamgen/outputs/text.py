"""Any answer for a terminal; plain text, no control characters of the input."""

from collections.abc import Callable
from typing import Any

from iamgen.model.drift import DriftReport
from iamgen.model.result import PolicyDiff, SuggestResult
from iamgen.model.scan import ScanResult
from iamgen.outputs._diff_text import diff_text
from iamgen.outputs._drift_text import drift_text
from iamgen.outputs._scan import scan_text
from iamgen.outputs._text_suggest import suggest_text
from iamgen.plugins import OutputFormat

_TEXTS: dict[type, Callable[[Any], str]] = {
    SuggestResult: suggest_text,
    PolicyDiff: diff_text,
    ScanResult: scan_text,
    DriftReport: drift_text,
}


def render(result: Any) -> str:
    """Return the answer as text."""
    return _TEXTS[type(result)](result)


PLUGIN = OutputFormat(name="text", suffix=".txt", renders=tuple(_TEXTS), render=render)
