"""Terraform's resources as a `Deployment`: functions, roles, events."""

import posixpath
from dataclasses import replace
from typing import Any

from iamgen.access.maps import open_maps
from iamgen.access.resource_types import resource_types, symbolic_text
from iamgen.errors import InputError
from iamgen.model.function import (
    EventSource,
    LambdaFunction,
    Role,
    RolePolicy,
    TemplateResource,
)
from iamgen.model.observation import Gap, GapReason
from iamgen.model.policy import Policy
from iamgen.model.value import ListValue, MapValue, TemplateRef, Text, Unresolved, Value
from iamgen.sources._code_place import go_folder
from iamgen.sources._project import Project
from iamgen.sources._terraform.configuration import ROOT_MARK, Resource
from iamgen.sources._terraform.values import Reference, Unseen, plain, to_value
from iamgen.sources._yaml import parse_json

_KEYS = {
    "aws_dynamodb_table": ("server_side_encryption", "kms_key_arn"),
    "aws_kinesis_stream": ("", "kms_key_id"),
    "aws_sqs_queue": ("", "kms_master_key_id"),
    "aws_sns_topic": ("", "kms_master_key_id"),
    "aws_secretsmanager_secret": ("", "kms_key_id"),
    "aws_cloudwatch_log_group": ("", "kms_key_id"),
    "aws_lambda_function": ("", "kms_key_arn"),
    "aws_rds_cluster": ("", "kms_key_id"),
    "aws_db_instance": ("", "kms_key_id"),
    "aws_efs_file_system": ("", "kms_key_id"),
}
_EVENT_KINDS = {
    "dynamodb": "DynamoDB",
    "sqs": "SQS",
    "kinesis": "Kinesis",
    "kafka": "MSK",
    "mq": "MQ",
    "rds": "DocumentDB",
}


class TerraformReader:
    """Reads the resources of one configuration or plan."""

    def __init__(self, project: Project, folder: str, resources: dict[str, Resource]) -> None:
        self.project = project
        self.folder = folder
        self.all = resources
        self.gaps: list[Gap] = []
        self.resources = {r.logical_id: r for r in map(self._resource, resources.values()) if r}

    # -- resources --

    def _resource(self, resource: Resource) -> TemplateResource | None:
        bare = resource.type.removeprefix("data.")
        kind = resource_types().of_terraform(bare)
        if kind is None:
            return None
        value = to_value(resource.values.get(kind.terraform_name))
        name = value if isinstance(value, Text) and kind.terraform_name in resource.values else None
        prefix = resource.values.get(f"{kind.terraform_name}_prefix")
        if name is None and isinstance(prefix, Text):
            name = Text((*prefix.parts, Unresolved("generated")))
        attributes = tuple(
            (key, found)
            for key, item in sorted(resource.values.items())
            if isinstance(item, Text | Reference) and isinstance(found := to_value(item), Text)
        )
        return TemplateResource(
            logical_id=resource.address,
            type=kind.type,
            name=name,
            kms_key=self._key(resource),
            location=resource.location,
            attributes=attributes,
            reference=resource.address,
        )

    def _key(self, resource: Resource) -> Value | None:
        if resource.type == "aws_s3_bucket":
            return self._bucket_key(resource)
        block, name = _KEYS.get(resource.type, ("", ""))
        rows = resource.rows(block) if block else [resource.values]
        return next((_customer(row[name]) for row in rows if name and name in row), None)

    def _bucket_key(self, bucket: Resource) -> Value | None:
        for other in self.all.values():
            if other.type != "aws_s3_bucket_server_side_encryption_configuration":
                continue
            if self.target(other.values.get("bucket")) != bucket.address:
                continue
            for rule in other.rows("rule"):
                rows = rule.get("apply_server_side_encryption_by_default")
                for row in rows if isinstance(rows, list) else []:
                    if "kms_master_key_id" in row:
                        return _customer(row["kms_master_key_id"])
        return None

    def target(self, value: Any) -> str | None:
        """Return the address of the resource that a value refers to, by reference or name."""
        found = to_value(value)
        if not isinstance(found, Text):
            return None
        for part in found.parts:
            if isinstance(part, TemplateRef):
                return part.logical_id
        for address, resource in self.resources.items() if hasattr(self, "resources") else ():
            if resource.name is not None and resource.name == found:
                return address
        return None

    # -- functions --

    def functions(self) -> tuple[list[LambdaFunction], list[Role]]:
        """Return the functions and the roles they use."""
        roles: dict[str, Role] = {}
        found: list[LambdaFunction] = []
        for resource in self.all.values():
            if resource.type != "aws_lambda_function":
                continue
            function = self._function(resource)
            role = self.target(resource.values.get("role"))
            if role is not None and role in self.all:
                if role not in roles:
                    roles[role] = self._role(self.all[role])
                function = replace(function, role=role)
            elif "role" in resource.values:
                function = replace(function, role_value=to_value(resource.values["role"]))
            found.append(function)
        events, destinations = self._wiring()
        wired = [
            replace(
                function,
                event_sources=tuple(events.get(function.id, ())),
                destinations=tuple(destinations.get(function.id, ())),
            )
            for function in found
        ]
        return wired, [roles[key] for key in sorted(roles)]

    def _function(self, resource: Resource) -> LambdaFunction:
        values = resource.values
        environment: dict[str, Value] = {}
        for row in resource.rows("environment"):
            variables = to_value(row.get("variables"))
            if isinstance(variables, MapValue):
                environment.update(variables.entries)
        tracing = [_word(row.get("mode")) for row in resource.rows("tracing_config")]
        dead = next((row.get("target_arn") for row in resource.rows("dead_letter_config")), None)
        systems = [row.get("arn") for row in resource.rows("file_system_config")]
        logging = [row["log_group"] for row in resource.rows("logging_config") if "log_group" in row]
        name = to_value(values.get("function_name"))
        handler = _word(values.get("handler"))
        image = _word(values.get("package_type")) == "Image" or "image_uri" in values
        for row in resource.rows("image_config"):
            command = row.get("command")
            if isinstance(command, list) and command and handler is None:
                handler = _word(command[0])
        runtime = _word(values.get("runtime"))
        layers = values.get("layers")
        group, owned = self._log_group(resource, name, logging[0] if logging else None)
        short = resource.address.rpartition(".")[2]
        aliases = [short]
        if isinstance(name, Text) and name.literal:
            aliases.append(name.literal)
        key = values.get("kms_key_arn")
        return LambdaFunction(
            id=resource.address,
            template=resource.location.path,
            location=resource.location,
            name=name if isinstance(name, Text) and "function_name" in values else None,
            runtime=runtime,
            handler=handler,
            code_root=self._code(resource, runtime, handler),
            image=image,
            layers=tuple(to_value(item) for item in layers) if isinstance(layers, list) else (),
            environment=tuple(environment.items()),
            tracing=any(mode in ("Active", "PassThrough") for mode in tracing),
            in_vpc=bool(resource.rows("vpc_config")),
            kms_key=None if key is None else _customer(key),
            dead_letter=None if dead is None else to_value(dead),
            file_systems=tuple(to_value(item) for item in systems if item is not None),
            log_group=group,
            owns_log_group=owned,
            durable=bool(resource.rows("durable_config")),
            aliases=tuple(dict.fromkeys(aliases)),
        )

    def _log_group(self, resource: Resource, name: Value, stated: Any) -> tuple[Value | None, bool]:
        if stated is not None:
            return to_value(stated), self.target(stated) in self.all
        for address, other in self.resources.items():
            if other.type != "AWS::Logs::LogGroup" or other.name is None:
                continue
            first = other.name.parts[0] if other.name.parts else None
            text = getattr(first, "text", "")
            if not text.startswith("/aws/lambda/"):
                continue
            rest = other.name.parts[1:]
            same = (TemplateRef(resource.address),) == rest
            literal = other.name.literal
            known = name.literal if isinstance(name, Text) else None
            if same or (literal is not None and literal == f"/aws/lambda/{known}"):
                return Text((TemplateRef(address),)), True
            if isinstance(name, Text) and text == "/aws/lambda/" and rest == name.parts:
                return Text((TemplateRef(address),)), True
        return None, False

    def _code(self, resource: Resource, runtime: str | None, handler: str | None) -> str | None:
        for key in ("filename", "source_dir", "s3_key"):
            value = resource.values.get(key)
            if key == "s3_key":
                value = self._uploaded(value)
            archive = self._archive(value)
            text = archive or _word(value)
            if text is None:
                continue
            root = self._folder(text, resource.folder)
            if root is not None:
                if runtime is not None and runtime.startswith(("go", "provided")):
                    path = go_folder(self.project, self.project.root / root, handler)
                    root = self.project.relative(path)
                return root
        return None

    def _uploaded(self, value: Any) -> Any:
        """The file behind an object that the configuration itself puts into a bucket."""
        detail = value.detail if isinstance(value, Unseen) else ""
        for address, other in self.all.items():
            if other.type in ("aws_s3_object", "aws_s3_bucket_object"):
                key = other.values.get("key")
                same = isinstance(value, Text) and isinstance(key, Text) and key == value
                if same or detail.startswith(f"{address}."):
                    return other.values.get("source", value)
        return value

    def _archive(self, value: Any) -> str | None:
        """The folder that an `archive_file` packs, when a value is its output."""
        detail = value.detail if isinstance(value, Unseen) else ""
        text = value.literal if isinstance(value, Text) else None
        for address, other in self.all.items():
            if other.type not in ("data.archive_file", "archive_file"):
                continue
            output = _word(other.values.get("output_path"))
            if detail.startswith(address) or (text is not None and text == output):
                folder = _word(other.values.get("source_dir"))
                file = _word(other.values.get("source_file"))
                return folder or (posixpath.dirname(file) or "." if file else None)
        return None

    def _folder(self, text: str, module: str) -> str | None:
        if text.startswith(ROOT_MARK):
            path = self.project.folder(self.project.root, text.removeprefix(ROOT_MARK).lstrip("/") or ".")
        else:
            path = self.project.folder(self.project.root / self.folder, text)
            if path is None:
                path = self.project.folder(self.project.root / module, text)
        return None if path is None else self.project.relative(path)

    # -- roles --

    def _role(self, role: Resource) -> Role:
        gaps: list[Gap] = []
        policies: list[RolePolicy] = []
        for index, row in enumerate(role.rows("inline_policy")):
            name = self._spelled(row.get("name")) or f"inline{index}"
            policies.append(self._inline(name, row.get("policy"), role, gaps))
        listed = role.values.get("managed_policy_arns")
        attached = listed if isinstance(listed, list) else []
        policies.extend(self._managed(item, role, gaps) for item in attached)
        for other in self.all.values():
            if other.type == "aws_iam_role_policy" and self._is(other.values.get("role"), role):
                name = self._spelled(other.values.get("name")) or other.address
                policies.append(self._inline(name, other.values.get("policy"), other, gaps))
            elif other.type == "aws_iam_role_policy_attachment":
                if self._is(other.values.get("role"), role):
                    policies.append(self._managed(other.values.get("policy_arn"), other, gaps))
            elif other.type == "aws_iam_policy_attachment":
                listed = other.values.get("roles")
                if any(self._is(item, role) for item in (listed if isinstance(listed, list) else ())):
                    policies.append(self._managed(other.values.get("policy_arn"), other, gaps))
        boundary = role.values.get("permissions_boundary")
        bound = None if boundary is None else self._managed(boundary, role, gaps)
        named = to_value(role.values.get("name"))
        return Role(
            key=role.address,
            name=named if isinstance(named, Text) and "name" in role.values else None,
            policies=tuple(policies),
            boundary=None if bound is None else bound.policy,
            boundary_arn=None if bound is None else bound.arn,
            trust=self._policy(role.values.get("assume_role_policy"), role, []),
            location=role.location,
            gaps=tuple(gaps),
        )

    def _is(self, value: Any, role: Resource) -> bool:
        if self.target(value) == role.address:
            return True
        text = _word(value)
        return text is not None and text == _word(role.values.get("name"))

    def _inline(self, name: str, value: Any, place: Resource, gaps: list[Gap]) -> RolePolicy:
        return RolePolicy(
            name=name,
            kind="inline",
            origin="template",
            policy=self._policy(value, place, gaps),
            location=place.location,
            span=place.span,
        )

    def _managed(self, value: Any, place: Resource, gaps: list[Gap]) -> RolePolicy:
        address = self.target(value)
        other = self.all.get(address or "")
        if other is not None and other.type == "aws_iam_policy":
            return RolePolicy(
                name=other.address,
                kind="managed",
                origin="template",
                policy=self._policy(other.values.get("policy"), other, gaps),
                arn="{" + other.address + "}",
                location=other.location,
                span=other.span,
            )
        arn = self._spelled(value) or "*"
        if other is not None and other.type == "data.aws_iam_policy":
            arn = self._spelled(other.values.get("arn")) or self._spelled(other.values.get("name")) or arn
        short = arn.rpartition("/")[2]
        document = open_maps().managed_policy(short)
        if document is None:
            detail = f"managed policy `{arn}`"
            gaps.append(Gap(GapReason.POLICY_UNKNOWN, detail, place.location, None))
        return RolePolicy(
            name=short,
            kind="managed" if document is None else "aws",
            origin="template",
            policy=None if document is None else Policy.from_document(document, short),
            arn=arn,
            location=place.location,
            span=place.span,
        )

    def _policy(self, value: Any, place: Resource, gaps: list[Gap]) -> Policy | None:
        document = value
        text = value.literal if isinstance(value, Text) else None
        try:
            if text is None and isinstance(value, Text):
                text = self._spelled(value)
            if text is not None:
                document = plain(parse_json(text.encode(), place.address))
            if not isinstance(document, dict):
                raise InputError("the policy document is not known")
            return Policy.from_document(self._document(document), place.address)
        except InputError as error:
            gaps.append(Gap(GapReason.POLICY_UNKNOWN, error.message, place.location, None))
            return None

    def _document(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: self._document(item)
                for key, item in value.items()
                if item is not None and not (key == "Sid" and _word(item) == "")
            }
        if isinstance(value, list):
            return [self._document(item) for item in value]
        if isinstance(value, bool):
            return value
        return self._spelled(value)

    def _spelled(self, value: Any) -> str | None:
        found = to_value(value)
        if value is None or not isinstance(found, Text):
            return None
        # Policy variables are written `&{aws:username}` in Terraform's policy documents.
        return symbolic_text(found, self.resources).replace("&{", "${")

    # -- events --

    def _wiring(self) -> tuple[dict[str, list[EventSource]], dict[str, list[Value]]]:
        events: dict[str, list[EventSource]] = {}
        destinations: dict[str, list[Value]] = {}
        for resource in self.all.values():
            values = resource.values
            match resource.type:
                case "aws_lambda_event_source_mapping":
                    self._called(events, values.get("function_name"), self._mapping(resource))
                case "aws_s3_bucket_notification":
                    for row in resource.rows("lambda_function"):
                        source = self._event("S3", values.get("bucket"), resource)
                        self._called(events, row.get("lambda_function_arn"), source)
                case "aws_sns_topic_subscription" if _word(values.get("protocol")) == "lambda":
                    source = self._event("SNS", values.get("topic_arn"), resource)
                    self._called(events, values.get("endpoint"), source)
                case "aws_cloudwatch_event_target":
                    source = self._event("EventBridgeRule", values.get("event_bus_name"), resource)
                    self._called(events, values.get("arn"), source)
                case "aws_cloudwatch_log_subscription_filter":
                    source = self._event("CloudWatchLogs", values.get("log_group_name"), resource)
                    self._called(events, values.get("destination_arn"), source)
                case "aws_lambda_function_event_invoke_config":
                    self._destinations(resource, destinations)
                case _:
                    continue
        return events, destinations

    def _called(self, events: dict[str, list[EventSource]], target: Any, source: EventSource) -> None:
        address = self.target(target)
        if address is not None:
            events.setdefault(address, []).append(source)

    def _event(self, kind: str, value: Any, resource: Resource) -> EventSource:
        found = None if value is None else to_value(value)
        return EventSource(kind=kind, resource=found, location=resource.location)

    def _mapping(self, resource: Resource) -> EventSource:
        value = resource.values.get("event_source_arn")
        kind = "SQS"
        if "self_managed_event_source" in resource.values:
            kind = "SelfManagedKafka"
        else:
            known = self.resources.get(self.target(value) or "")
            found = None if known is None else resource_types().get(known.type)
            service = "" if found is None else found.service
            if not service:
                fields = (self._spelled(value) or "").split(":")
                service = fields[2] if len(fields) > 2 else ""
            kind = _EVENT_KINDS.get(service, "Stream")
        access = [
            MapValue((("Type", to_value(row.get("type"))), ("URI", to_value(row.get("uri")))))
            for row in resource.rows("source_access_configuration")
        ]
        failure = None
        for row in resource.rows("destination_config"):
            inner = row.get("on_failure")
            for entry in inner if isinstance(inner, list) else []:
                failure = to_value(entry.get("destination_arn"))
        return EventSource(
            kind=kind,
            resource=None if value is None else to_value(value),
            on_failure=failure,
            location=resource.location,
            properties=(("SourceAccessConfigurations", ListValue(tuple(access))),) if access else (),
        )

    def _destinations(self, resource: Resource, destinations: dict[str, list[Value]]) -> None:
        address = self.target(resource.values.get("function_name"))
        for row in resource.rows("destination_config"):
            for word in ("on_success", "on_failure"):
                inner = row.get(word)
                for entry in inner if isinstance(inner, list) else []:
                    if address is not None and isinstance(entry, dict):
                        value = to_value(entry.get("destination"))
                        destinations.setdefault(address, []).append(value)


def _word(value: Any) -> str | None:
    return value.literal if isinstance(value, Text) else None


def _customer(value: Any) -> Value | None:
    if value is None or isinstance(value, Unseen):
        return None
    found = to_value(value)
    text = found.literal if isinstance(found, Text) else None
    return None if text is not None and (text == "" or "alias/aws/" in text) else found
