"""Any answer as JSON: one document with a schema version, keys in a fixed order."""

import json
from typing import Any

from iamgen.model.result import PolicyDiff, SuggestResult
from iamgen.model.scan import ScanResult
from iamgen.outputs._diff_text import policy_diff_document
from iamgen.outputs._json_suggest import suggest_document
from iamgen.outputs._scan import scan_document
from iamgen.plugins import OutputFormat


def render(result: Any) -> str:
    """Return the answer as indented JSON, ASCII only, so that no character of the input hides in it."""
    if isinstance(result, PolicyDiff):
        return json.dumps(policy_diff_document(result), indent=2, ensure_ascii=True) + "\n"
    document = scan_document(result) if isinstance(result, ScanResult) else suggest_document(result)
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"


PLUGIN = OutputFormat(name="json", suffix=".json", renders=(SuggestResult, PolicyDiff, ScanResult), render=render)
