"""What makes two findings the same finding."""

import hashlib

from iamgen.model.result import Finding

_UNSTABLE = frozenset({"count", "first", "last", "location", "line", "witness", "gained", "window_days"})
"""Arguments that change while the finding stays the same."""


def fingerprint(finding: Finding) -> str:
    """Return a name for the finding that no move of lines, count or date changes.

    Function, role, action and resource tell findings apart; where it names neither action nor
    resource, its file and what the sentence is filled with do.
    """
    parts = [finding.id, finding.function, finding.role, finding.action, finding.resource]
    if finding.action is None and finding.resource is None:
        parts.append(finding.location.path if finding.location else "")
        parts += [f"{key}={value}" for key, value in sorted(finding.arguments) if key not in _UNSTABLE]
    text = "\0".join(part or "" for part in parts)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
