"""What template forms write: one role per function, or per shared role, with its references."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from iamgen.access.maps import open_maps
from iamgen.errors import InputError
from iamgen.model.policy import Policy, Statement
from iamgen.model.quote import comment
from iamgen.model.result import Status, Suggestion, SuggestResult
from iamgen.model.symbol import References
from iamgen.model.usage import DeployedPolicy

LAMBDA_TRUST = Policy(
    (
        Statement(
            "Allow",
            actions=("sts:AssumeRole",),
            principals=(("Service", ("lambda.amazonaws.com",)),),
        ),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployable:
    """One role to write."""

    id: str
    """Logical id of the function, or of the role that several share; letters and digits."""
    title: str
    suggestion: Suggestion
    functions: tuple[str, ...]
    policies: tuple[DeployedPolicy, ...]
    symbolic: dict[Statement, Statement]
    references: References
    boundary: Policy | None
    trust: Policy
    shared: bool


def deployables(result: SuggestResult) -> Iterator[Deployable]:
    """Yield the roles of an answer in its order; functions without enough evidence are left out.

    Raises:
        InputError: there is not enough evidence for any function.
    """
    seen: set[str] = set()
    count = 0
    for suggestion in result.functions:
        if suggestion.status is Status.INSUFFICIENT or suggestion.policy is None:
            continue
        count += 1
        shared = suggestion.role_policy is not None
        key = suggestion.role.key or suggestion.role.arn or suggestion.function.id
        if shared and key in seen:
            continue
        seen.add(key)
        yield _deployable(suggestion, key, shared=shared)
    if result.functions and not count:
        names = ", ".join(f"`{item.function.name}`" for item in result.functions[:5])
        raise InputError(f"not enough evidence for {names}", hint="`iamgen doctor` says what is missing")


def _deployable(suggestion: Suggestion, key: str, *, shared: bool) -> Deployable:
    policy = suggestion.role_policy if shared else suggestion.policy
    twin = suggestion.symbolic_role_policy if shared else suggestion.symbolic_policy
    assert policy is not None  # noqa: S101  INVARIANT: `deployables` asked
    statements = policy.statements
    twins = twin.statements if twin is not None else statements
    if len(twins) != len(statements):
        twins = statements
    name = key if shared else (suggestion.function.logical_id or suggestion.function.name)
    policies = suggestion.role_policies if shared else suggestion.policies
    trust = suggestion.current_role.trust if suggestion.current_role is not None else None
    return Deployable(
        id=identifier(name),
        title=name,
        suggestion=suggestion,
        functions=suggestion.role.shared_by if shared else (suggestion.function.name,),
        policies=tuple(_named(part, identifier(name)) for part in policies)
        or (
            DeployedPolicy(
                name=identifier(name),
                attach="inline",
                document=policy,
                size_chars=policy.size_chars,
                limit_chars=10_240,
            ),
        ),
        symbolic={replace(plain, sid=None): symbolic for plain, symbolic in zip(statements, twins, strict=True)},
        references=references_of(suggestion),
        boundary=suggestion.boundary,
        trust=trust or LAMBDA_TRUST,
        shared=shared,
    )


def _named(part: DeployedPolicy, name: str) -> DeployedPolicy:
    """Return a part under the name of its function or role, its number kept."""
    number = part.name.rpartition("-")[2] if "-" in part.name else ""
    return replace(part, name=f"{name}-{number}" if number.isdigit() else name)


def references_of(suggestion: Suggestion) -> References:
    """Return what the template names of a suggestion stand for."""
    return References(
        resources={item.logical_id: item for item in suggestion.resources},
        types=open_maps().table("resource_types").get("types", {}),
        # NOTE: each function depends on its role, so the role never refers to one of them.
        cyclic=frozenset(
            (
                *suggestion.cyclic,
                *suggestion.role.shared_by,
                suggestion.function.logical_id or suggestion.function.id,
            )
        ),
    )


def twin_of(policy: Policy, deployable: Deployable) -> Policy:
    """Return the symbolic twin of a deployed policy; statements that were cut stay plain."""
    return replace(
        policy,
        statements=tuple(
            replace(deployable.symbolic.get(replace(item, sid=None), item), sid=item.sid) for item in policy.statements
        ),
    )


def identifier(name: str) -> str:
    """Return letters and digits of a name as a logical id, never empty."""
    words = "".join(character if character.isascii() and character.isalnum() else " " for character in name).split()
    joined = "".join(word[0].upper() + word[1:] for word in words)
    return (joined if joined and joined[0].isalpha() else f"Function{joined}")[:200]


def snake(name: str) -> str:
    """Return a name as an identifier of Terraform, lower case with underscores."""
    words = "".join(character if character.isascii() and character.isalnum() else " " for character in name).split()
    joined = "_".join(words).lower()
    return joined if joined and not joined[0].isdigit() else f"function_{joined}"


def head_lines(deployable: Deployable, mark: str = "#") -> list[str]:
    """Return the comment lines above a role: whose it is, its status, gaps and dropped unknowns."""
    suggestion = deployable.suggestion
    parts = [f"{deployable.title}: {suggestion.status}"]
    if deployable.shared:
        parts.append(f"shared by {', '.join(deployable.functions)}")
    if suggestion.gaps:
        parts.append(f"{len(suggestion.gaps)} gaps")
    parts += suggestion.reasons[:3]
    dropped = sum(1 for row in suggestion.permissions if row.verdict == "review" and row.kept is None and row.row != 1)
    if dropped:
        parts.append(f"{dropped} unknown grants dropped")
    return [f"{mark} {comment('; '.join(parts))[:400]}"]
