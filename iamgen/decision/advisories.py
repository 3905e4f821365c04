"""Notes about functions that the template shows beside their roles; they change no score and no exit code.

Enters: deployments, and the table `advisories` of the access maps. Leaves: findings of level note, in the templates' order.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from iamgen.model.function import Deployment, LambdaFunction
from iamgen.model.result import Finding, FindingLevel
from iamgen.model.value import TemplateRef, Text, Value


def advise(deployments: Iterable[Deployment], table: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Return what to look at, function by function."""
    found: list[Finding] = []
    for deployment in deployments:
        some_in_vpc = any(function.in_vpc for function in deployment.functions)
        for function in deployment.functions:
            for name, arguments in _of(function, table, some_in_vpc=some_in_vpc):
                found.append(
                    Finding(
                        id=f"advisory-{name}",
                        level=FindingLevel.NOTE,
                        function=function.id,
                        location=function.location,
                        arguments=arguments,
                    )
                )
    return tuple(found)


def looks_secret(name: str, table: Mapping[str, Any]) -> bool:
    """Whether the name of a variable says that its value is a secret, not the place of one."""
    rules = table.get("secret_names", {})
    words = [word.upper() for word in re.split(r"[_\-.]+|(?<=[a-z])(?=[A-Z])", name) if word]
    if not words or words[-1] in rules.get("references", ()):
        return False
    joined = f"_{'_'.join(words)}_"
    return any(word in rules.get("words", ()) for word in words) or any(
        f"_{row}_" in joined for row in rules.get("rows", ())
    )


def _of(
    function: LambdaFunction, table: Mapping[str, Any], *, some_in_vpc: bool
) -> Iterator[tuple[str, tuple[tuple[str, str], ...]]]:
    secrets = sorted(
        name for name, value in function.environment if looks_secret(name, table) and not _names_resource(value)
    )
    if secrets:
        yield "secret-variable", (("variables", ", ".join(secrets)),)
        if function.kms_key is None:
            yield "no-customer-key", ()
    if some_in_vpc and not function.in_vpc:
        yield "outside-vpc", ()
    if not function.owns_log_group:
        yield "log-group", ()
    if not function.tracing:
        yield "tracing-off", ()


def _names_resource(value: Value) -> bool:
    """Whether a value is the name or ARN of a resource of the template: the place of a secret, not the secret."""
    return isinstance(value, Text) and any(isinstance(part, TemplateRef) for part in value.parts)
