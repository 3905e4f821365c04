"""Any answer as JSON: one document with a schema version, keys in a fixed order."""

import json
from collections.abc import Callable
from typing import Any

from iamgen.model.drift import DriftReport
from iamgen.model.result import PolicyDiff, SuggestResult
from iamgen.model.scan import ScanResult
from iamgen.outputs._diff_text import policy_diff_document
from iamgen.outputs._drift_json import drift_document
from iamgen.outputs._json_suggest import suggest_document
from iamgen.outputs._scan import scan_document
from iamgen.plugins import OutputFormat

_DOCUMENTS: dict[type, Callable[[Any], dict[str, Any]]] = {
    SuggestResult: suggest_document,
    PolicyDiff: policy_diff_document,
    ScanResult: scan_document,
    DriftReport: drift_document,
}


def render(result: Any) -> str:
    """Return the answer as indented JSON, ASCII only, so that no character of the input hides in it."""
    return json.dumps(_DOCUMENTS[type(result)](result), indent=2, ensure_ascii=True) + "\n"


PLUGIN = OutputFormat(name="json", suffix=".json", renders=tuple(_DOCUMENTS), render=render)
