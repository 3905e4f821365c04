"""All sentences about findings and verdicts, in one place.

A second language is a second file with one more `Catalogue`; no other module of the outputs holds
a sentence about a finding. A sentence is a row of pieces: a piece is said when each name in it is
known, so one rule serves findings with and without a place, a count or a witness. Names are filled
in through the caller's own quoting, never raw.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from iamgen.model.result import Finding, FindingLevel


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One kind of finding: how it is said, what it means, what to do."""

    id: str
    level: FindingLevel
    short: str
    """One line, for lists of rules."""
    help: str
    """Why it matters, for people who meet it first."""
    remedy: str
    """What to do next."""
    sentence: tuple[str, ...]
    """Pieces with `{name}`: function, role, action, resource, location, or an argument of the
    finding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """One language."""

    language: str
    rules: tuple[Rule, ...]
    why: tuple[tuple[str, str], ...]
    """Key of `Decision.why` -> sentence."""

    def rule(self, rule_id: str) -> Rule:
        """Return the rule of an id; an id nobody stated gets a plain one."""
        for rule in self.rules:
            if rule.id == rule_id:
                return rule
        words = rule_id.replace("-", " ")
        return Rule(
            id=rule_id,
            level=FindingLevel.WARNING,
            short=words,
            help=words,
            remedy="",
            sentence=(words, ": {function}", " {action}", " on {resource}", " ({detail})"),
        )

    def say_why(self, key: str) -> str:
        """Return the sentence of a `why` key; an unknown key is said with spaces."""
        return dict(self.why).get(key, key.replace("-", " "))


def say(finding: Finding, quote: Callable[[str], str], catalogue: "Catalogue | None" = None) -> str:
    """Return the sentence of a finding, each name of the input put through `quote`."""
    rule = (catalogue or ENGLISH).rule(finding.id)
    names = known_names(finding)
    said: list[str] = []
    for piece in rule.sentence:
        if all(name in names for name in re.findall(r"\{\??([\w-]+)\}", piece)):
            words = re.sub(r"\{\?[\w-]+\}", "", piece)
            said.append(re.sub(r"\{([\w-]+)\}", lambda match: _said(names[match[1]], quote), words))
    if said and rule.sentence[0] and all(name in names for name in re.findall(r"\{([\w-]+)\}", rule.sentence[0])):
        return "".join(said).strip()
    about = [quote(names[name]) for name in ("function", "role", "action", "resource") if name in names]
    return ": ".join([rule.short, *([", ".join(about)] if about else [])])


def _said(text: str, quote: Callable[[str], str]) -> str:
    return text if text.isascii() and text.isdigit() else quote(text)


def known_names(finding: Finding) -> dict[str, str]:
    """Return what a sentence can name; arguments come over the finding's own fields."""
    names = {
        "function": finding.function,
        "role": finding.role,
        "action": finding.action,
        "resource": finding.resource,
        "location": str(finding.location) if finding.location else None,
    }
    return {key: value for key, value in (*names.items(), *finding.arguments) if value}


_ERROR, _WARNING, _NOTE = FindingLevel.ERROR, FindingLevel.WARNING, FindingLevel.NOTE

ENGLISH = Catalogue(
    language="en",
    rules=(
        Rule(
            id="will-break",
            level=_ERROR,
            short="A permission that the function needs is not granted",
            help=(
                "The code or the platform needs this permission, and no statement of the execution role grants it. "
                "The call is refused when it is reached."
            ),
            remedy="Add the permission from the suggested policy: `iamgen suggest` prints it, `iamgen patch` writes it.",
            sentence=(
                "{function} needs {action}",
                " on {resource}",
                " ({location})",
                ", and the role does not allow it",
                "; refused {count} times in the log",
            ),
        ),
        Rule(
            id="new-access",
            level=_ERROR,
            short="The change grants more than its base",
            help=(
                "Compared in meaning with the merge base, the role of the changed version allows requests that the "
                "role before refused. The witness is one of them."
            ),
            remedy=(
                "Take the grant out, narrow it to what the code needs, or accept it: `[[suppress]]` in iamgen.toml "
                "with reason, owner and expiry."
            ),
            sentence=(
                "{role} gains {action}",
                " on {resource}",
                "; {needed_by} needs it",
                "{?unneeded}; no code that was read needs it",
                "; a request that only the new role allows: {witness}",
            ),
        ),
        Rule(
            id="undecided",
            level=_ERROR,
            short="A comparison could not be decided",
            help="The two sides could not be compared to the end, so nothing is claimed and the answer counts as unsafe.",
            remedy="Look at the two statements by hand, or write them in a simpler form.",
            sentence=("{role}: {action}", " on {resource}", " could not be compared", ": {reason}"),
        ),
        Rule(
            id="escalation",
            level=_ERROR,
            short="The role can raise its own permissions",
            help="The role allows a set of actions by which its holder can gain permissions that it does not have.",
            remedy="Remove one action of the set, narrow its resource, or put a permissions boundary on the role.",
            sentence=(
                "{role}",
                " can escalate",
                " through {path}",
                " by {action}",
                " on {resource}",
                "; {detail}",
            ),
        ),
        Rule(
            id="blocked",
            level=_ERROR,
            short="A needed permission is stopped by a boundary, an SCP or an explicit deny",
            help="The role grants the permission or is to grant it, and a layer above it or an explicit deny refuses it.",
            remedy="Change the boundary, the SCP or the deny, or take the call out; adding a grant to the role cannot help.",
            sentence=(
                "{function} needs {action}",
                " on {resource}",
                " ({location})",
                ", and it is stopped by {blocked_by}",
            ),
        ),
        Rule(
            id="outside-boundary",
            level=_WARNING,
            short="The suggestion is not inside the role's boundary",
            help="A permission of the suggested policy lies outside the permissions boundary that the role has.",
            remedy="Use the boundary that iamgen suggests, or leave the permission out.",
            sentence=(
                "{role}: {action}",
                " on {resource}",
                " lies outside the permissions boundary",
                ": {detail}",
            ),
        ),
        Rule(
            id="missing-boundary",
            level=_WARNING,
            short="The role has no permissions boundary",
            help="Nothing limits what a later change of this role can grant.",
            remedy="`iamgen boundary` prints one; set `PermissionsBoundary` on the role.",
            sentence=("{role}", " of {function}", " has no permissions boundary"),
        ),
        Rule(
            id="removable",
            level=_WARNING,
            short="Granted permissions that nothing uses",
            help=(
                "A source that could have shown the use of these permissions (the code, or the log over its window) "
                "shows none."
            ),
            remedy="Take them out: `iamgen patch --function NAME --diff` shows the edit.",
            sentence=(
                "{role} grants {count} actions of {service} more widely than anything uses",
                ": {action}",
                " on {resource}",
                " (basis: {basis})",
            ),
        ),
        Rule(
            id="wildcard",
            level=_WARNING,
            short="Granted on `*` where a resource could be named",
            help="The action can be limited to a resource, and the evidence names one, but the grant is on every resource.",
            remedy="Use the resource of the suggested policy.",
            sentence=("{role} grants {action} on every resource", "; {function} uses {needed}"),
        ),
        Rule(
            id="unexplained-use",
            level=_WARNING,
            short="Used in the log, and no code path explains it",
            help=(
                "The log shows an allowed call of this function that its code does not explain. The permission is kept, "
                "and what the code says about this service is not trusted for removals."
            ),
            remedy="Find the call and tell iamgen by a `[[hint]]`, or look into who used the function's credentials.",
            sentence=(
                "{function} used {action}",
                " on {resource}",
                " {count} times",
                ", last on {last}",
                ", and no code path explains it",
            ),
        ),
        Rule(
            id="denied-unexplained",
            level=_WARNING,
            short="Refused in the log, and no code path explains the call",
            help="Either a call path that iamgen did not see, or somebody is probing with the function's credentials.",
            remedy="Look at the events of that function in CloudTrail; a call of the code is told by a `[[hint]]`.",
            sentence=(
                "{function} was refused {action}",
                " on {resource}",
                " {count} times",
                ", last on {last}",
                ", and no code path explains it",
            ),
        ),
        Rule(
            id="over-limit",
            level=_ERROR,
            short="The suggested policy fits no legal set of policies",
            help="The role's size limits are exceeded, and nothing is widened to save space unless you ask for it.",
            remedy="Split the role as named, or allow a recorded widening with `--allow-overgrant`.",
            sentence=(
                "{role}",
                " ({function})",
                " does not fit the size limits",
                "; {split} would",
                " {detail}",
            ),
        ),
        Rule(
            id="forbidden",
            level=_ERROR,
            short="A role allows what `[[forbid]]` rules out",
            help="An invariant of iamgen.toml does not hold for this role. The witness is a request that shows it.",
            remedy="Take the grant out, or change the invariant on the base branch.",
            sentence=(
                "{role} allows {action}",
                " on {resource}",
                ", which the project forbids",
                " ({reason})",
                "; for instance {witness}",
            ),
        ),
        Rule(
            id="shared-role",
            level=_NOTE,
            short="Several functions share one role",
            help="Each function of a shared role has the permissions of all of them.",
            remedy="`iamgen roles` shows what sharing costs and how to split.",
            sentence=(
                "{role} is shared by {shared_by}",
                "; {function} gains {gained} permissions it does not need",
            ),
        ),
        Rule(
            id="unresolved",
            level=_NOTE,
            short="A call or value that could not be worked out",
            help="Nothing is granted for it, and grants that it could mean are kept.",
            remedy="Tell iamgen what the call is by a `[[hint]]` in iamgen.toml.",
            sentence=("{detail}", " ({location})", " in {function}"),
        ),
        Rule(
            id="unknown-kept",
            level=_NOTE,
            short="Kept because nobody could have seen its use",
            help="No source could have shown a use of this permission, so its absence proves nothing and it stays.",
            remedy="`iamgen doctor` says which source would decide it.",
            sentence=(
                "{role} keeps {count} actions of {service}",
                " ({action})",
                " that no source could have shown",
            ),
        ),
        Rule(
            id="rules-changed",
            level=_WARNING,
            short="The change edits the rules that judge it",
            help=(
                "iamgen.toml, the baseline, the snapshot or a suppression differs between base and head. "
                "This run used the files of the base."
            ),
            remedy="Review the change of the rules by itself.",
            sentence=("{path} changes the rules", "; this run was judged by those of {base}"),
        ),
        Rule(
            id="expired-suppression",
            level=_WARNING,
            short="A suppression has expired",
            help="It suppresses nothing any more.",
            remedy="Fix the finding, or renew it with a new date and a reason.",
            sentence=(
                "the suppression of {rule}",
                " by {owner}",
                " expired on {expires}",
                ": {reason}",
            ),
        ),
        Rule(
            id="expired-keep",
            level=_WARNING,
            short="A keep or extra entry has expired",
            help="It still holds: no date alone takes a permission away.",
            remedy="Renew it, or delete it from iamgen.toml.",
            sentence=(
                "{function}: the entry for {action}",
                " by {owner}",
                " expired on {expires}",
                "; it still holds",
            ),
        ),
        Rule(
            id="advisory-secret-variable",
            level=_NOTE,
            short="A variable's name looks like a secret",
            help="Environment variables can be read by whoever may read the function's configuration. Only the name was looked at.",
            remedy="Keep the value in Secrets Manager or Parameter Store, and let the function fetch it.",
            sentence=("{function} has variables whose names look like secrets", ": {variables}",),
        ),
        Rule(
            id="advisory-no-customer-key",
            level=_NOTE,
            short="Variables that look like secrets have no customer key",
            help="Without a customer key, a key of the service encrypts the variables, and no key policy limits who reads them.",
            remedy="Set `KmsKeyArn`, or keep secrets out of the environment.",
            sentence=("{function} has no customer key for its environment",),
        ),
        Rule(
            id="advisory-outside-vpc",
            level=_NOTE,
            short="The function is outside the VPC of its siblings",
            help="Other functions of the template are in a VPC, and this one is not: its traffic is seen by no security group.",
            remedy="Check that this is meant.",
            sentence=("{function} is outside the VPC that other functions of its template are in",),
        ),
        Rule(
            id="advisory-log-group",
            level=_NOTE,
            short="The template does not own the log group",
            help="Lambda makes the log group itself, and its events never expire.",
            remedy="Declare the log group with a retention in the template.",
            sentence=("{function} has no log group in its template",),
        ),
        Rule(
            id="advisory-tracing-off",
            level=_NOTE,
            short="Tracing is off",
            help="Without active tracing, X-Ray shows no call of the function unless a caller traces it.",
            remedy="Set active tracing where it helps you.",
            sentence=("{function} has tracing off",),
        ),
    ),
    why=(
        ("needed", "the code needs it"),
        ("will-break", "the code needs it and the role does not allow it"),
        ("failing-now", "the code needs it, and the log shows it refused"),
        ("works-today", "works today through another grant, such as a resource policy"),
        ("blocked", "needed, and stopped by a layer above or an explicit deny"),
        ("denied-by-role", "needed, and an explicit deny of the role stops it"),
        ("platform", "Lambda itself needs it for this function"),
        ("observed", "the log shows it in use"),
        ("unexplained-use", "the log shows it in use, and no code path explains it"),
        ("today-kept", "the resource could not be worked out; the grants of today are kept"),
        ("listed-keep", "a person listed it in iamgen.toml"),
        ("listed-extra", "a person listed it in iamgen.toml"),
        ("listed-deny", "a person ruled it out in iamgen.toml"),
        ("unused", "neither code nor log shows a use"),
        ("unused-by-code", "the code was read and does not use it"),
        ("unused-by-log", "the log could have shown a use and does not"),
        ("unresolved-call", "an unresolved call may be this one"),
        ("nobody-could-see", "no source could have shown its use"),
        ("unknown-user", "somebody who is no known function uses the role"),
        ("not-granted", "not granted, and nothing needs it"),
        ("waiting", "no longer in the code; the log window still shows its use"),
    ),
)
"""The rules in the order of the contract, then the keys of `Decision.why`."""
