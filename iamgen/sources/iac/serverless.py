"""serverless.yml of the Serverless Framework (v2 to v4).

The file's variables are put in, its `resources` are read as a CloudFormation template, its
functions become functions of that template under their own keys, and the provider's role carries
the framework's default statements (origin `framework`) and the file's own (origin `template`).
Source: Serverless Framework guide, "Functions", "Events", "IAM" (checked 2026-11).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from iamgen.access.maps import open_maps
from iamgen.access.resource_types import resource_types, symbolic_text
from iamgen.errors import InputError
from iamgen.model.function import (
    Deployment,
    EventSource,
    LambdaFunction,
    Role,
    RolePolicy,
    TemplateResource,
)
from iamgen.model.observation import Gap, GapReason, Location
from iamgen.model.policy import Policy, Statement
from iamgen.model.value import MapValue, TemplateRef, Text, Value
from iamgen.plugins import IacReader, ReadOptions
from iamgen.sources import _yaml
from iamgen.sources._code_place import go_folder, image_build, layer_folders
from iamgen.sources._intrinsics import intrinsic
from iamgen.sources._policy_document import read_policy
from iamgen.sources._project import Project
from iamgen.sources._serverless_events import read_events
from iamgen.sources._serverless_variables import Variables
from iamgen.sources._stack import Stack, open_stack
from iamgen.sources._stack_events import with_wiring
from iamgen.sources._stack_roles import LAMBDA_TRUST, managed_policies, template_role
from iamgen.sources._yaml import Mapping, Node, Scalar, Sequence

_NAMES = ("serverless.yml", "serverless.yaml", "serverless.json", "serverless.ts", "serverless.js")
PROVIDER_ROLE = "IamRoleLambdaExecution"


@dataclass(slots=True)
class _Service:
    """One serverless.yml that is being read."""

    stack: Stack
    provider: Node | None
    root: Node
    service: str
    stage: str
    folder: Path
    gaps: list[Gap]

    def place(self, node: Node | None, route: str) -> Location:
        return self.stack.place(node, route)


def _recognizes(path: Path) -> bool:
    name = path.name.lower()
    if name in _NAMES:
        return True
    if path.suffix.lower() not in (".yml", ".yaml") or "serverless" not in name:
        return False
    try:
        with path.open("rb") as file:
            head = file.read(1 << 16)
    except OSError:
        return False
    return b"provider:" in head and b"functions:" in head


def _read(path: Path, options: ReadOptions) -> Iterator[Deployment | Gap]:
    project = Project.at(options.project)
    relative = project.relative(path)
    if path.suffix in (".ts", ".js"):
        detail = "is written in code; package it, or write serverless.yml"
        yield Gap(GapReason.TEMPLATE_FORM, detail, Location(relative), None)
        return
    data = project.read(path)
    if isinstance(data, Gap):
        yield data
        return
    try:
        root = _yaml.parse(data, relative)
        if not isinstance(root, Mapping) or root.get("provider") is None:
            return
        name = _plain_text(root, "provider", "name") or _plain_text(root, "provider") or "aws"
        if name != "aws" and "${" not in name:
            yield Gap(GapReason.TEMPLATE_FORM, f"provider `{name}` is not AWS", Location(relative))
            return
        yield _deployment(root, project, path, options)
    except InputError as error:
        yield Gap(GapReason.SYNTAX_ERROR, str(error), Location(relative), None)


def _deployment(root: Mapping, project: Project, path: Path, options: ReadOptions) -> Deployment:
    given = dict(options.parameters)
    if options.stage is not None:
        given["stage"] = options.stage
    if options.region is not None:
        given["region"] = options.region
    stage = given.get("stage") or _plain_text(root, "provider", "stage") or "dev"
    variables = Variables(
        root=root,
        project=project,
        folder=path.parent,
        path=project.relative(path),
        options=given,
        stage=stage,
        region=options.region,
    )
    if "${" in stage:
        resolved = variables.resolved(_yaml.scalar(stage))
        stage = resolved.text if isinstance(resolved, Scalar) else "dev"
        variables.stage = stage
    whole = variables.resolved(root)
    service = _plain_text(whole, "service") or _plain_text(whole, "service", "name") or "service"
    provider = _yaml.get(whole, "provider")
    region = options.region or _known_region(provider)
    stack_name = options.stack_name or _plain_text(whole, "provider", "stackName")
    named = replace(options, region=region, stack_name=stack_name or f"{service}-{variables.stage}")
    functions = _function_nodes(whole)
    template = _template(whole, functions)
    stack = open_stack(template, project, path, named, {}, variables.passed)
    state = _Service(stack, provider, whole, service, variables.stage, path.parent, variables.gaps)
    read = [_function(state, key, node) for key, node in functions]
    roles: dict[str, Role] = {}
    placed = tuple(
        _with_role(state, function, node, roles) for function, (_, node) in zip(read, functions, strict=True)
    )
    wired = with_wiring(stack, placed)
    resources = stack.resolver.resources
    for function in wired:
        # NOTE: the framework names each function itself; CloudFormation makes no name up.
        known = resources.get(function.id)
        if known is not None and function.name is not None:
            resources[function.id] = replace(known, name=function.name)
    assumptions = {**stack.resolver.assumed, **variables.assumed}
    return Deployment(
        template=stack.path,
        kind="serverless",
        functions=wired,
        roles=tuple(roles[key] for key in sorted(roles)),
        resources=tuple(resources[key] for key in sorted(resources)),
        gaps=tuple(dict.fromkeys((*state.gaps, *stack.gaps))),
        assumptions=tuple(f"{k}={v} (default)" for k, v in sorted(assumptions.items())),
        stack_name=named.stack_name,
        account=options.account,
        region=region,
        environment_keys=frozenset(key for f in wired for key, _ in f.environment),
    )


def _plain_text(node: Node | None, *path: str) -> str | None:
    return _yaml.text_of(_yaml.get(node, *path))


def _known_region(provider: Node | None) -> str | None:
    text = _plain_text(provider, "region")
    return text if text and "${" not in text else None


def _listed_maps(node: Node | None) -> Iterator[Node]:
    """The maps of a section that is one map or a list of maps (files)."""
    for entry in _yaml.items(node):
        if isinstance(entry, Mapping):
            yield entry


def _function_nodes(root: Node) -> list[tuple[str, Node]]:
    found = {
        key: node for section in _listed_maps(_yaml.get(root, "functions")) for key, node in _yaml.entries(section)
    }
    for name, construct in _yaml.entries(_yaml.get(root, "constructs")):
        worker = _yaml.get(construct, "worker")
        if isinstance(worker, Mapping):
            found[f"{name}Worker"] = worker
    return list(found.items())


def _template(root: Node, functions: list[tuple[str, Node]]) -> Node:
    """The file's resources, constructs and functions as one CloudFormation template."""
    resources: list[tuple[Scalar, Node]] = []
    conditions: list[tuple[Scalar, Node]] = []
    mappings: list[tuple[Scalar, Node]] = []
    renamed = {_logical_id(key): key for key, _ in functions}
    for section in _listed_maps(_yaml.get(root, "resources")):
        for name, into in (
            ("Resources", resources),
            ("Conditions", conditions),
            ("Mappings", mappings),
        ):
            body = _yaml.get(section, name)
            if isinstance(body, Mapping):
                into.extend((key, _renamed(node, renamed)) for key, node in body.entries)
    kinds: dict[str, Any] = open_maps().table("frameworks")["serverless"]["constructs"]
    for name, node in _yaml.entries(_yaml.get(root, "constructs")):
        made = kinds.get(_plain_text(node, "type") or "")
        if made is not None:
            resources.append((_yaml.scalar(name), _typed(made["type"], node)))
    for name, _ in functions:
        resources.append((_yaml.scalar(name), _typed("AWS::Lambda::Function", None)))
    used = {word for _, node in functions for word in _event_words(node)}
    for word, name, kind in (
        ("http", "ApiGatewayRestApi", "AWS::ApiGateway::RestApi"),
        ("httpApi", "HttpApi", "AWS::ApiGatewayV2::Api"),
        ("websocket", "WebsocketsApi", "AWS::ApiGatewayV2::Api"),
    ):
        if word in used:
            resources.append((_yaml.scalar(name), _typed(kind, None)))
    resources.append((_yaml.scalar(PROVIDER_ROLE), _typed("AWS::IAM::Role", None)))
    pairs = (
        (_yaml.scalar("Resources"), Mapping(tuple(resources))),
        (_yaml.scalar("Conditions"), Mapping(tuple(conditions))),
        (_yaml.scalar("Mappings"), Mapping(tuple(mappings))),
    )
    return Mapping(pairs)


def _typed(kind: str, node: Node | None) -> Node:
    line = getattr(node, "line", 0)
    return Mapping(((_yaml.scalar("Type"), _yaml.scalar(kind, line)),), line=line)


def _event_words(node: Node) -> Iterator[str]:
    for entry in _yaml.items(_yaml.get(node, "events")):
        if isinstance(entry, Scalar):
            yield entry.text
        for word, _ in _yaml.entries(entry):
            yield word


def _logical_id(key: str) -> str:
    """The logical id that the framework gives a function."""
    word = key.replace("-", "Dash").replace("_", "Underscore")
    return f"{word[:1].upper()}{word[1:]}LambdaFunction"


def _renamed(node: Node, names: dict[str, str], depth: int = 0) -> Node:
    """A node in which references to the framework's names for functions use their keys."""
    if depth > 60:
        return node
    match node:
        case Scalar():
            text = node.text
            for name, key in names.items():
                if name in text:
                    text = text.replace(name, key)
            if text == node.text:
                return node
            return Scalar(text, node.tag, node.plain, node.line, node.start, node.end)
        case Sequence():
            items = tuple(_renamed(item, names, depth + 1) for item in node.items)
            return Sequence(items, node.tag, node.line, node.start, node.end)
        case Mapping():
            pairs = tuple((key, _renamed(item, names, depth + 1)) for key, item in node.entries)
            return Mapping(pairs, node.tag, node.line, node.start, node.end)


def _function(state: _Service, key: str, node: Node) -> LambdaFunction:
    stack, provider = state.stack, state.provider
    route = f"functions.{key}"
    handler = stack.literal(_yaml.get(node, "handler"))
    if handler in ("wsgi_handler.handler", "wsgi.handler"):
        handler = _plain_text(state.root, "custom", "wsgi", "app") or handler
    name = stack.text(_yaml.get(node, "name")) or Text.of(f"{state.service}-{state.stage}-{key}")
    environment: dict[str, Value] = {}
    for section in (_yaml.get(provider, "environment"), _yaml.get(node, "environment")):
        value = stack.value(section)
        if isinstance(value, MapValue):
            environment.update(value.entries)
    targets = (stack.value(_yaml.get(node, "destinations", word)) for word in ("onSuccess", "onFailure"))
    destinations = [_target(value) for value in targets if value is not None]
    system = stack.value(_yaml.get(node, "fileSystemConfig", "arn"))
    events = read_events(stack, _yaml.get(node, "events"), lambda entry: state.place(entry, f"{route}.events"))
    if key.endswith("Worker") and _yaml.get(state.root, "constructs", key[:-6]) is not None:
        queue = Text((TemplateRef(key[:-6], "Arn"),))
        events = (
            *events,
            EventSource(kind="SQS", resource=queue, location=state.place(node, route)),
        )
    layers, layer_roots = _layers(state, _yaml.get(node, "layers") or _yaml.get(provider, "layers"))
    tracing = _yaml.get(node, "tracing") or _yaml.get(provider, "tracing", "lambda")
    vpc = _yaml.get(node, "vpc") or _yaml.get(provider, "vpc")
    image = _yaml.get(node, "image")
    runtime = stack.literal(_yaml.get(node, "runtime") or _yaml.get(provider, "runtime"))
    root = state.folder
    built = _image(state, image) if image is not None else None
    if built is not None:
        root, handler, runtime = built[0], handler or built[1], runtime or built[2]
    elif runtime is not None and runtime.startswith(("go", "provided")):
        root = go_folder(stack.project, state.folder, handler)
    place = state.place(node, route)
    return LambdaFunction(
        id=key,
        template=stack.path,
        location=place,
        name=name,
        runtime=runtime,
        handler=handler,
        code_root=stack.project.relative(root),
        image=image is not None and (built is None or handler is None),
        layers=layers,
        layer_roots=layer_roots,
        environment=tuple(environment.items()),
        event_sources=events,
        tracing=_yaml.is_true(tracing) or _yaml.text_of(tracing) in ("Active", "PassThrough"),
        in_vpc=isinstance(vpc, Mapping),
        kms_key=stack.value(_yaml.get(node, "kmsKeyArn") or _yaml.get(provider, "kmsKeyArn")),
        dead_letter=stack.value(_yaml.get(node, "onError")),
        destinations=tuple(destinations),
        file_systems=() if system is None else (system,),
        owns_log_group=not _yaml.is_true(_yaml.get(node, "disableLogs")),
        edge=any(event.kind == "CloudFront" for event in events),
        aliases=(_logical_id(key),),
    )


def _image(state: _Service, image: Node) -> tuple[Path, str | None, str | None] | None:
    """The build context of an image that the file itself builds, with its handler and runtime."""
    name = _plain_text(image) or _plain_text(image, "name")
    entry = _yaml.get(state.provider, "ecr", "images", name) if name else None
    text = _plain_text(entry) or _plain_text(entry, "path")
    folder = None if text is None else state.stack.project.folder(state.folder, text)
    if folder is None:
        return None
    build = image_build(state.stack.project, folder / (_plain_text(entry, "file") or "Dockerfile"))
    command = next(iter(_yaml.items(_yaml.get(image, "command"))), None)
    return folder, _yaml.text_of(command) or build.handler, build.runtime


def _target(value: Value) -> Value:
    if isinstance(value, MapValue):
        return value.get("arn") or value
    if isinstance(value, Text) and value.literal and ":" not in value.literal:
        return Text((TemplateRef(value.literal, "Arn"),))
    return value


def _layers(state: _Service, node: Node | None) -> tuple[tuple[Value, ...], tuple[str, ...]]:
    stack = state.stack
    values: list[Value] = []
    roots: list[str] = []
    known = {
        f"{name[:1].upper()}{name[1:]}LambdaLayer": _plain_text(body, "path")
        for name, body in _yaml.entries(_yaml.get(state.root, "layers"))
    }
    for entry in _yaml.items(node):
        referred = _plain_text(entry, "Ref") or getattr(entry, "text", "")
        if referred in known:
            roots.extend(layer_folders(stack.project, state.folder, known[referred]))
            values.append(Text.of(str(referred)))
            continue
        value = stack.value(entry)
        if value is not None:
            values.append(value)
    return tuple(values), tuple(dict.fromkeys(roots))


def _with_role(state: _Service, function: LambdaFunction, node: Node, roles: dict[str, Role]) -> LambdaFunction:
    stack, provider = state.stack, state.provider
    own = _yaml.get(node, "iamRoleStatements") or _yaml.get(node, "iam", "role", "statements")
    given = _yaml.get(node, "role") or _yaml.get(node, "iam", "role")
    if given is None or own is not None:
        given = None if own is not None else _yaml.get(provider, "role")
        section = _yaml.get(provider, "iam", "role")
        if given is None and own is None and _is_reference(section):
            given = section
    if given is not None and _is_reference(given):
        value = stack.value(given)
        literal = value.literal if isinstance(value, Text) else None
        referred = literal if literal in stack.sections else stack.named(value, "AWS::IAM::Role")
        if referred is not None and referred != PROVIDER_ROLE and referred in stack.sections:
            if referred not in roles:
                roles[referred] = template_role(stack, referred)
            return replace(function, role=referred)
        if referred != PROVIDER_ROLE:
            return replace(function, role_value=value)
    if own is not None:
        key = _logical_id(function.id).removesuffix("LambdaFunction") + PROVIDER_ROLE
        inherit = _yaml.get(node, "iamRoleStatementsInherit") or _yaml.get(
            state.root, "custom", "serverless-iam-roles-per-function", "defaultInherit"
        )
        roles[key] = _role(state, key, (function,), own, f"functions.{function.id}", inherit=_yaml.is_true(inherit))
        resources = stack.resolver.resources
        resources[key] = TemplateResource(logical_id=key, type="AWS::IAM::Role")
        return replace(function, role=key)
    if PROVIDER_ROLE not in roles:
        everyone = tuple(_function(state, key, inner) for key, inner in _function_nodes(state.root))
        roles[PROVIDER_ROLE] = _role(state, PROVIDER_ROLE, everyone, None, "provider", inherit=True)
    return replace(function, role=PROVIDER_ROLE)


def _is_reference(node: Node | None) -> bool:
    scalar = isinstance(node, Scalar) and not _yaml.is_null(node)
    return scalar or intrinsic(node) is not None


def _role(
    state: _Service,
    key: str,
    functions: tuple[LambdaFunction, ...],
    own: Node | None,
    route: str,
    *,
    inherit: bool,
) -> Role:
    stack = state.stack
    gaps: list[Gap] = []
    policies = _framework_policies(state, functions)
    section = _yaml.get(state.provider, "iam", "role")
    provided = _yaml.get(section, "statements") or _yaml.get(state.provider, "iamRoleStatements")
    listed = [(own, f"{route}.iamRoleStatements")]
    if inherit:
        where = "iam.role.statements" if _yaml.get(section, "statements") else "iamRoleStatements"
        listed.append((provided, f"provider.{where}"))
    for statements, spot in listed:
        if statements is None or not _yaml.items(statements):
            continue
        place = state.place(statements, spot)
        document = Mapping(((_yaml.scalar("Statement"), statements),))
        policy, more = read_policy(document, stack.resolver, place)
        gaps.extend(more)
        policies.append(
            RolePolicy(
                name=f"{state.stage}-{state.service}-lambda",
                kind="inline",
                origin="template",
                policy=policy,
                location=place,
                span=(statements.start, statements.end),
            )
        )
    managed = _yaml.get(section, "managedPolicies") or _yaml.get(state.provider, "iamManagedPolicies")
    for entry in _yaml.items(managed) if inherit else ():
        policies.extend(managed_policies(stack, entry, state.place(entry, "provider"), gaps))
    boundary_node = _yaml.get(section, "permissionsBoundary") or _yaml.get(state.provider, "rolePermissionsBoundary")
    found = (
        managed_policies(stack, boundary_node, state.place(boundary_node, "provider"), gaps)
        if boundary_node is not None
        else []
    )
    return Role(
        key=key,
        name=stack.text(_yaml.get(section, "name")) if key == PROVIDER_ROLE else None,
        policies=tuple(policies),
        boundary=found[0].policy if found else None,
        boundary_arn=found[0].arn if found else None,
        trust=LAMBDA_TRUST,
        location=state.place(section or state.provider, route),
        implicit=key != PROVIDER_ROLE,
        gaps=tuple(gaps),
    )


def _framework_policies(state: _Service, functions: tuple[LambdaFunction, ...]) -> list[RolePolicy]:
    """The statements that the framework writes into the role by itself."""
    rules: dict[str, Any] = open_maps().table("frameworks")["serverless"]
    stack = state.stack
    prefix = f"{state.service}-{state.stage}"
    statements = [
        Statement(
            actions=tuple(row["actions"]),
            resources=(row["resource"].replace("{prefix}", prefix),),
        )
        for row in rules["statements"]
    ]
    if any(function.tracing for function in functions):
        statements.append(Statement(actions=tuple(rules["tracing"]["actions"]), resources=("*",)))
    for function in functions:
        for event in function.event_sources:
            actions = rules["events"].get(event.kind)
            if actions and isinstance(event.resource, Text):
                arn = symbolic_text(event.resource, stack.resolver.resources)
                statements.append(Statement(actions=tuple(actions), resources=(arn,)))
        if isinstance(function.dead_letter, Text):
            arn = symbolic_text(function.dead_letter, stack.resolver.resources)
            service = arn.split(":")[2] if arn.count(":") > 2 else ""
            if service in rules["dead_letter"]:
                actions = rules["dead_letter"][service]
                statements.append(Statement(actions=tuple(actions), resources=(arn,)))
    for name, node in _yaml.entries(_yaml.get(state.root, "constructs")):
        row = rules["constructs"].get(_plain_text(node, "type") or "")
        kind = None if row is None else resource_types().get(row["type"])
        if row is not None and kind is not None and row["actions"]:
            arn = kind.arn_of("{" + name + "}")
            resources = tuple(arn + tail for tail in row["add"])
            statements.append(Statement(actions=tuple(row["actions"]), resources=resources))
    policy = Policy(tuple(dict.fromkeys(statements)))
    found = [RolePolicy(name="framework", kind="inline", origin="framework", policy=policy)]
    if any(function.in_vpc for function in functions):
        for name in rules["managed_vpc"]:
            document = open_maps().managed_policy(name.rpartition("/")[2])
            found.append(
                RolePolicy(
                    name=name.rpartition("/")[2],
                    kind="aws",
                    origin="framework",
                    policy=None if document is None else Policy.from_document(document, name),
                    arn="arn:${Partition}:iam::aws:policy/" + name,
                )
            )
    return found


PLUGIN = IacReader(name="serverless", recognizes=_recognizes, read_deployment=_read)
