"""A role's statements as CDK code, for both languages: what differs is a small table."""

from collections.abc import Callable
from dataclasses import dataclass

from iamgen.model.notation import resources_of
from iamgen.model.policy import Policy, Statement
from iamgen.model.quote import javascript_string, python_string
from iamgen.model.symbol import Piece, References, express
from iamgen.outputs._roles import Deployable, twin_of

_PSEUDO_NAMES = {
    "Partition": ("PARTITION", "partition"),
    "Region": ("REGION", "region"),
    "Account": ("ACCOUNT_ID", "account"),
    "UrlSuffix": ("URL_SUFFIX", "url_suffix"),
    "StackName": ("STACK_NAME", "stack_name"),
    "StackId": ("STACK_ID", "stack_id"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How one language writes a call."""

    quote: Callable[[str], str]
    module: str
    """Prefix of `Fn` and `Aws`."""
    get_attribute: str
    to_text: str
    open: str
    close: str
    assign: str
    names: dict[str, str]


TYPESCRIPT = Dialect(
    quote=javascript_string,
    module="cdk.",
    get_attribute="getAtt",
    to_text="toString",
    open="({",
    close="})",
    assign=": ",
    names={},
)
PYTHON = Dialect(
    quote=python_string,
    module="cdk.",
    get_attribute="get_att",
    to_text="to_string",
    open="(",
    close=")",
    assign="=",
    names={"notActions": "not_actions", "notResources": "not_resources"},
)


def expression(pieces: tuple[Piece, ...], dialect: Dialect) -> str:
    """Return a string expression."""
    parts: list[str] = []
    for piece in pieces:
        quoted = dialect.quote(piece.value)
        if piece.kind == "text":
            parts.append(quoted)
        elif piece.kind == "pseudo":
            parts.append(f"{dialect.module}Aws.{_PSEUDO_NAMES[piece.value][0]}")
        elif piece.kind == "ref":
            parts.append(f"{dialect.module}Fn.ref({quoted})")
        else:
            name = dialect.quote(piece.attribute)
            call = f"{dialect.module}Fn.{dialect.get_attribute}({quoted}, {name})"
            parts.append(f"{call}.{dialect.to_text}()")
    if len(parts) == 1:
        return parts[0]
    return f"{dialect.module}Fn.join({dialect.quote('')}, [{', '.join(parts)}])"


def statement_lines(
    statement: Statement, twin: Statement, references: References, dialect: Dialect, indent: int
) -> list[str]:
    """Return `new iam.PolicyStatement({…})` or `iam.PolicyStatement(…)` over several lines."""
    pad = " " * indent
    quote = dialect.quote
    rows: list[tuple[str, list[str]]] = []
    if statement.sid is not None:
        rows.append(("sid", [quote(statement.sid)]))
    rows.append(("effect", [f"iam.Effect.{statement.effect.upper()}"]))
    for name, values in (("actions", statement.actions), ("notActions", statement.not_actions)):
        if values:
            rows.append((name, _list([quote(value) for value in values], pad)))
    name = "notResources" if statement.not_resources else "resources"
    resources = [
        expression(pieces, dialect) for pieces in resources_of(statement, twin, references, express)
    ]
    rows.append((name, _list(resources, pad)))
    if statement.conditions:
        rows.append(("conditions", _conditions(statement, dialect, pad)))
    new = "new " if dialect.open == "({" else ""
    lines = [f"{pad}{new}iam.PolicyStatement{dialect.open}"]
    for key, value in rows:
        lines.append(f"{pad}  {dialect.names.get(key, key)}{dialect.assign}{value[0]}")
        lines += value[1:]
        lines[-1] += ","
    lines.append(f"{pad}{dialect.close}")
    return lines


def _list(entries: list[str], pad: str) -> list[str]:
    if len(entries) == 1:
        return [f"[{entries[0]}]"]
    return ["[", *(f"{pad}    {entry}," for entry in entries), f"{pad}  ]"]


def _conditions(statement: Statement, dialect: Dialect, pad: str) -> list[str]:
    quote = dialect.quote
    document = statement.to_document()["Condition"]
    lines = ["{"]
    for operator, keys in document.items():
        lines.append(f"{pad}    {quote(operator)}: {{")
        for key, value in keys.items():
            if isinstance(value, list):
                written = "[" + ", ".join(quote(entry) for entry in value) + "]"
            else:
                written = quote(value)
            lines.append(f"{pad}      {quote(key)}: {written},")
        lines.append(f"{pad}    }},")
    lines.append(f"{pad}  }}")
    return lines


def statements(deployable: Deployable) -> list[tuple[Statement, Statement]]:
    """Return each statement of the role with its twin."""
    result: list[tuple[Statement, Statement]] = []
    for part in deployable.policies:
        twin = twin_of(part.document, deployable)
        result += zip(part.document.statements, twin.statements, strict=True)
    return result


def boundary_statements(policy: Policy | None) -> tuple[Statement, ...]:
    """Return the statements of a boundary, none without one."""
    return policy.statements if policy is not None else ()


def typescript_boundary(variable: str, construct: str, kept: tuple[Statement, ...]) -> list[str]:
    """Return a function that adds a boundary to a stack."""
    lines = [
        f"export const {variable}Boundary = (scope: Construct): iam.ManagedPolicy =>",
        f"  new iam.ManagedPolicy(scope, {javascript_string(construct)}, {{",
        "    statements: [",
    ]
    for statement in kept:
        lines += statement_lines(statement, statement, References(), TYPESCRIPT, 6)
        lines[-1] += ","
    return [*lines, "    ],", "  });"]


def python_boundary(name: str, construct: str, kept: tuple[Statement, ...]) -> list[str]:
    """Return a function that adds a boundary to a stack."""
    lines = [
        f"def {name}_boundary(scope: Construct) -> iam.ManagedPolicy:",
        "    return iam.ManagedPolicy(",
        "        scope,",
        f"        {python_string(construct)},",
        "        statements=[",
    ]
    for statement in kept:
        lines += statement_lines(statement, statement, References(), PYTHON, 12)
        lines[-1] += ","
    return [*lines, "        ],", "    )"]
