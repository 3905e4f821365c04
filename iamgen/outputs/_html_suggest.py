"""The answer of `suggest` as a page."""

import json

from iamgen.model.result import SuggestResult
from iamgen.outputs._catalogue import ENGLISH, say
from iamgen.outputs._escape import visible
from iamgen.outputs._html import page
from iamgen.outputs._text_suggest import fold_rows, short_resource, shortened, status_line


def suggest_page(result: SuggestResult) -> str:
    """Return the answer as one HTML file."""
    functions = [
        {
            "one": one,
            "status": status_line(one),
            "rows": [
                {
                    "verdict": row.verdict.value,
                    "action": row.action if row.actions_count < 2 else f"{row.action} ({row.actions_count} actions)",
                    "resource": ", ".join(short_resource(part) for part in row.resource.symbolic.split(", ")),
                    "why": ENGLISH.say_why(row.why),
                    "basis": row.basis.value,
                    "blocked": row.blocked_by or "",
                }
                for row in fold_rows(one.permissions)
            ],
            "findings": [(f.level.value, f.id, say(shortened(f), visible)) for f in one.findings],
            "policy": json.dumps(one.policy.to_document(), indent=2) if one.policy is not None else None,
            "role_policy": json.dumps(one.role_policy.to_document(), indent=2) if one.role_policy is not None else None,
            "boundary": json.dumps(one.boundary.to_document(), indent=2) if one.boundary is not None else None,
        }
        for one in result.functions
    ]
    return page("suggest.html.j2", result=result, functions=functions)
