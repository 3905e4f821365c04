"""Modules of the Terraform registry that the maps know, as the resource that each stands for."""

from dataclasses import dataclass
from typing import Any

from iamgen.access.maps import open_maps
from iamgen.model.value import Text
from iamgen.sources._terraform.values import UNSEEN, Reference, attribute_text

_BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


@dataclass(frozen=True, slots=True)
class Packaged:
    """One call of a known module."""

    address: str
    row: dict[str, Any]

    def output(self, name: str) -> Any:
        """Return an output of the module."""
        attribute = self.row.get("outputs", {}).get(name)
        if attribute is None:
            return UNSEEN
        return attribute_text(Reference(self.address, self.row["type"]), attribute) or UNSEEN

    def values(self, given: dict[str, Any]) -> dict[str, Any]:
        """Return the values of the resource that the module makes."""
        found = {own: given[name] for name, own in self.row.get("arguments", {}).items() if name in given}
        for name, path in self.row.get("blocks", {}).items():
            if name in given:
                block, _, key = path.partition(".")
                found.setdefault(block, [{}])[0][key] = given[name]
        if self.row.get("role") and "role" not in found:
            found["role"] = Reference(f"{self.address}.aws_iam_role.lambda", "aws_iam_role")
        if isinstance(found.get("filename"), list):
            found["filename"] = _first_path(found["filename"])
        return found

    def role(self, given: dict[str, Any]) -> dict[str, Any] | None:
        """Return the values of the role that the module makes for its function."""
        if not self.row.get("role") or "lambda_role" in given:
            return None
        policies: list[dict[str, Any]] = []
        if "policy_json" in given:
            policies.append({"name": Text.of("policy_json"), "policy": given["policy_json"]})
        listed = given.get("policy_jsons")
        policies += [
            {"name": Text.of(f"policy_jsons{index}"), "policy": item}
            for index, item in enumerate(listed if isinstance(listed, list) else ())
        ]
        statements = given.get("policy_statements")
        rows = list(statements.values()) if isinstance(statements, dict) else statements
        if isinstance(rows, list) and rows:
            document = {"Version": Text.of("2012-10-17"), "Statement": [_statement(row) for row in rows]}
            policies.append({"name": Text.of("policy_statements"), "policy": document})
        attached = [given["policy"]] if "policy" in given else []
        more = given.get("policies")
        attached += more if isinstance(more, list) else []
        return {"inline_policy": policies, "managed_policy_arns": [Text.of(_BASIC), *attached]}


def packaged(source: str | None, address: str) -> Packaged | None:
    """Return the known module of a source, None where the maps lack it."""
    name = (source or "").removeprefix("registry.terraform.io/").rstrip("/")
    row = open_maps().table("terraform_modules").get("modules", {}).get(name)
    return None if row is None else Packaged(address, row)


def _first_path(items: list[Any]) -> Any:
    for item in items:
        if isinstance(item, Text):
            return item
        if isinstance(item, dict) and isinstance(item.get("path"), Text):
            return item["path"]
    return UNSEEN


def _statement(row: Any) -> dict[str, Any]:
    if not isinstance(row, dict):
        return {}
    words = {"actions": "Action", "not_actions": "NotAction", "resources": "Resource", "not_resources": "NotResource"}
    found: dict[str, Any] = {"Effect": row.get("effect") or Text.of("Allow")}
    found.update({name: row[key] for key, name in words.items() if key in row})
    return found
