"""What each function's answer lacks, and the command that would give it."""

from iamgen.model.decision import Verdict
from iamgen.model.observation import Gap, GapReason
from iamgen.model.result import Status, Suggestion, SuggestResult
from iamgen.outputs._escape import capped, terminal

_REMEDY = {
    GapReason.UNSUPPORTED_RUNTIME: "no front end reads this runtime: give a log with --logs",
    GapReason.HANDLER_NOT_FOUND: "name the code folder with --source DIR",
    GapReason.MODULE_NOT_FOUND: "check that the module lies in the project, or add a layer to the template",
    GapReason.CLIENT_UNRESOLVED: "tell what it calls with a [[hint]] in iamgen.toml",
    GapReason.OPERATION_UNRESOLVED: "tell what it calls with a [[hint]] in iamgen.toml",
    GapReason.OPERATION_UNKNOWN: "iamgen maps show SERVICE:Operation; correct it in access_maps/overrides",
    GapReason.RESOURCE_UNRESOLVED: "name it through an environment variable, or use --unresolved observed with a log",
    GapReason.ARGUMENT_UNSEEN: "pass the argument in so many words, or use --conditionals",
    GapReason.DYNAMIC_CODE: "tell what it calls with a [[hint]] in iamgen.toml",
    GapReason.UNMODELLED_LIBRARY: "tell what it calls with a [[hint]] in iamgen.toml",
    GapReason.UNREAD_CODE: "give its source with --source DIR, or a log with --logs",
    GapReason.TEMPLATE_VALUE: "give it with --parameter KEY=VALUE",
    GapReason.POLICY_UNKNOWN: "give it with --managed-policies DIR or --current live",
    GapReason.IDENTITY_AMBIGUOUS: "narrow the log with --account or --stack-name",
    GapReason.SYNTAX_ERROR: "correct the file",
}


def doctor_text(result: SuggestResult) -> str:
    """Return one block per function; the most useful next step first."""
    if not result.functions:
        return "no function was found: name a template with --template, or a log with --logs\n"
    return "\n\n".join(_function(one) for one in result.functions) + "\n"


def _function(one: Suggestion) -> str:
    lines = [f"{terminal(one.function.name)}   {one.status.value}"]
    lines.extend(f"  because  {terminal(reason)}" for reason in one.reasons)
    steps: dict[str, None] = {}
    if one.status is Status.INSUFFICIENT:
        steps["iamgen suggest --function NAME --logs ./trail   (a log shows what the code cannot)"] = None
    if not one.logs.events:
        steps["--logs SRC   a CloudTrail folder, s3:// prefix or usage snapshot: no log was read"] = None
    elif one.logs.window_days < 90:
        steps[f"a longer log: {one.logs.window_days} days show too little to remove by"] = None
    if one.role.origin == "unknown":
        steps["--current FILE|live   the role as it is: nothing can be said about removals without it"] = None
    for reason in dict.fromkeys(gap.reason for gap in one.gaps):
        first = next(gap for gap in one.gaps if gap.reason is reason)
        count = sum(gap.reason is reason for gap in one.gaps)
        lines.append(f"  gap      {_place(first)}{reason.value} ({count}): {terminal(capped(first.detail, 90))}")
        if reason in _REMEDY:
            steps[_REMEDY[reason]] = None
    kept = [row for row in one.permissions if row.verdict is Verdict.REVIEW and row.kept is not None]
    for service in sorted({(row.actions or (row.action,))[0].partition(":")[0] for row in kept}):
        why = next(r.why for r in kept if (r.actions or (r.action,))[0].startswith(f"{service}:"))
        lines.append(f"  unknown  {terminal(service)} is kept: {why.replace('-', ' ')}")
        steps["iamgen logs coverage   shows which data events are off, with a selector to copy"] = None
    lines.extend(f"  next     {terminal(step)}" for step in steps)
    return "\n".join(lines)


def _place(gap: Gap) -> str:
    return f"{terminal(str(gap.location))}  " if gap.location is not None else ""
