"""The files of an evidence bundle: what was granted, what was used, what was decided and what is proved."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from iamgen.model.decision import Verdict
from iamgen.model.drift import Review
from iamgen.model.result import SCHEMA_VERSION, Status, Suggestion, SuggestResult
from iamgen.outputs._escape import markdown
from iamgen.outputs._json_suggest import coverage_row, function_document, suggest_document

MANIFEST = "manifest.json"
_WORDS = {
    "policies": "the policies before and after",
    "decisions": "a decision with its reason for each permission",
    "usage": "what was used, over which window, and what the log could have shown",
    "proofs": "what is proved of each policy, with the requests that show it",
    "reviews": "who looked at which role, and when",
}


def bundle_files(
    result: SuggestResult, controls: Mapping[str, Any], reviews: tuple[Review, ...], *, versions: Mapping[str, str]
) -> dict[str, bytes]:
    """Return the files of the bundle by path, the manifest among them; same answer, same bytes."""
    files: dict[str, bytes] = {}
    named: dict[str, Suggestion] = {}
    for one in result.functions:
        base = f"functions/{_safe(one.function.name)}"
        while base in named:
            base += "_"
        named[base] = one
        document = function_document(one)
        files[f"{base}/answer.json"] = _dumps(document)
        before = [p.policy.to_document() for p in one.current_role.policies if p.policy] if one.current_role else None
        files[f"{base}/policy-before.json"] = _dumps(before)
        files[f"{base}/policy-after.json"] = _dumps(document["role_policy"] or document["policy"])
        files[f"{base}/boundary.json"] = _dumps(document["boundary"])
    files["run.json"] = _dumps(suggest_document(result)["run"])
    files["usage.json"] = _dumps(
        {
            one.function.name: {
                "from": one.logs.first,
                "to": one.logs.last,
                "window_days": one.logs.window_days,
                "events": one.logs.events,
                "coverage": [coverage_row(row) for row in one.logs.coverage],
            }
            for one in result.functions
        }
    )
    files["controls.json"] = _dumps(
        [{**row, "holds": [_WORDS[word] for word in row["holds"]]} for row in controls.get("control", ())]
    )
    files["reviews.json"] = _dumps([{"role": r.role, "by": r.by, "on": r.on, "note": r.note} for r in reviews])
    files["SUMMARY.md"] = _summary(result, controls, reviews).encode()
    manifest = {
        "schema_version": SCHEMA_VERSION,
        "as_of": result.as_of,
        "made_with": dict(sorted(versions.items())),
        "files": {path: hashlib.sha256(data).hexdigest() for path, data in sorted(files.items())},
    }
    manifest["seal"] = seal(manifest)
    files[MANIFEST] = _dumps(manifest)
    return dict(sorted(files.items()))


def seal(manifest: Mapping[str, Any]) -> str:
    """Return the digest over the manifest's own content, the seal left out."""
    body = {key: value for key, value in manifest.items() if key != "seal"}
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def wrong_files(files: Mapping[str, bytes]) -> tuple[str, ...]:
    """Return what of a bundle is not as it was written; empty when every byte is."""
    try:
        manifest = json.loads(files.get(MANIFEST, b""))
        stated = dict(manifest["files"])
        sealed = manifest["seal"] == seal(manifest) and _dumps(manifest) == files[MANIFEST]
    except (ValueError, KeyError, TypeError):
        return (f"{MANIFEST}: missing or damaged",)
    wrong = [] if sealed else [f"{MANIFEST}: its seal does not fit"]
    for path in sorted(stated.keys() | files.keys() - {MANIFEST}):
        if path not in files:
            wrong.append(f"{path}: missing")
        elif path not in stated:
            wrong.append(f"{path}: not in the manifest")
        elif hashlib.sha256(files[path]).hexdigest() != stated[path]:
            wrong.append(f"{path}: changed")
    return tuple(wrong)


def _summary(result: SuggestResult, controls: Mapping[str, Any], reviews: tuple[Review, ...]) -> str:
    lines = [
        "# Least-privilege evidence",
        "",
        f"As of {markdown(result.as_of or 'no date known')}. Sources: {markdown(', '.join(result.sources))}.",
        "",
        "| Function | Role | Status | Granted | Suggested | Removed | Unknown | Sound | No new access |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for one in result.functions:
        count = {v: sum(r.actions_count for r in one.permissions if r.verdict is v) for v in Verdict}
        cells = (
            one.function.name, one.role.name or one.role.key or "unknown", one.status.value,
            "unknown" if one.granted_count is None else str(one.granted_count),
            "none" if one.status is Status.INSUFFICIENT else str(one.suggested_count),
            str(count[Verdict.REMOVE]), str(count[Verdict.REVIEW]),
            _claim(one, "sound"), _claim(one, "no_new_access"),
        )  # fmt: skip
        lines.append("| " + " | ".join(markdown(cell) for cell in cells) + " |")
    lines += ["", "## What this supports evidence for", ""]
    lines += [
        f"- {markdown(row['framework'])} {markdown(row['id'])}, {markdown(row['about'])}: "
        + "; ".join(_WORDS[word] for word in row["holds"])
        for row in controls.get("control", ())
    ]
    lines += ["", "## Reviews", ""]
    lines += [f"- {markdown(r.on)}: {markdown(r.role)} by {markdown(r.by)}. {markdown(r.note)}" for r in reviews] or [
        "No sign-off is recorded."
    ]
    lines += [
        "",
        "## What it does not say",
        "",
        "A status of `partial` has gaps, listed in each `answer.json`. A permission that no source could have shown is kept",
        "and counted as unknown. `iamgen evidence --verify` finds any byte that is not as it was written.",
    ]
    return "\n".join(lines) + "\n"


def _claim(one: Suggestion, name: str) -> str:
    claim = getattr(one.proof, name, None) if one.proof is not None else None
    if claim is None or claim.holds is None:
        return "not computed"
    return "proved" if claim.holds else "no, see the witness"


def _safe(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "_", name).lstrip(".")[:100] or "function"


def _dumps(value: Any) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=True) + "\n").encode()
