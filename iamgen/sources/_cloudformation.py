"""One CloudFormation or SAM template as a `Deployment`.

What enters is the template's root node and the flags; what leaves are its functions with their
environment as values, the roles that will be deployed, the resources a permission can name, what
was assumed, and gaps for the rest. Nothing outside the project is read, nothing is executed.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from iamgen.model.function import Deployment, LambdaFunction, Role
from iamgen.model.observation import Location
from iamgen.model.value import ListValue, Literal, MapValue, ParameterRef, Part, TemplateRef, Text, Value
from iamgen.plugins import ReadOptions
from iamgen.sources import _yaml
from iamgen.sources._code_place import code_folder, image_build, layer_folders
from iamgen.sources._intrinsics import intrinsic, joined
from iamgen.sources._project import Project
from iamgen.sources._stack import Stack, open_stack
from iamgen.sources._stack_events import FUNCTION_TYPES, invoke_targets, sam_events, with_wiring
from iamgen.sources._stack_roles import sam_role, template_role
from iamgen.sources._yaml import Mapping, Node, Sequence

SAM_FUNCTION = "AWS::Serverless::Function"


@dataclass(frozen=True, slots=True)
class CodePlace:
    """Where a function's code is; some readers know better than the template (CDK assets)."""

    root: str | None
    handler: str | None = None
    runtime: str | None = None
    image: bool = False
    entry: str | None = None
    """The handler in the sources, where a bundler moves it."""


PlaceCode = Callable[[str, Node], CodePlace | None]


def looks_like_template(root: Node) -> bool:
    """Return whether a document is a CloudFormation or SAM template with resources."""
    resources = _yaml.get(root, "Resources")
    if not isinstance(resources, Mapping):
        return False
    for _, node in resources.entries:
        kind = _yaml.text_of(_yaml.get(node, "Type"))
        if kind is not None and "::" in kind:
            return True
    return False


def is_sam(root: Node) -> bool:
    """Return whether a template asks for the SAM transform."""
    return any(
        (_yaml.text_of(node) or "").startswith("AWS::Serverless") for node in _yaml.items(_yaml.get(root, "Transform"))
    )


def read_stack(
    root: Node,
    project: Project,
    path: Path,
    options: ReadOptions,
    *,
    kind: str | None = None,
    given: dict[str, str] | None = None,
    passed: dict[str, Value] | None = None,
    place_code: PlaceCode | None = None,
) -> Deployment:
    """Return what a template deploys.

    Raises:
        InputError: the root node is no template, or unfolds beyond the bounds.
    """
    values = dict(given or {})
    values.update(options.parameters)
    stack = open_stack(root, project, path, options, values, passed)
    sam = is_sam(root)
    functions: list[LambdaFunction] = []
    roles: dict[str, Role] = {}
    for logical_id in stack.sections:
        declared = stack.type_of(logical_id)
        if declared not in FUNCTION_TYPES:
            continue
        function, properties = _function(stack, logical_id, place_code)
        role_node = _yaml.get(properties, "Role")
        value = stack.value(role_node)
        referred = stack.named(value, "AWS::IAM::Role")
        if value is not None and referred is not None and referred in stack.sections:
            function = replace(function, role=referred)
            if referred not in roles:
                roles[referred] = template_role(stack, referred)
        elif value is not None and referred is None:
            function = replace(function, role_value=value)
        elif value is not None and referred is not None:
            # The role that SAM makes for another function.
            function = replace(function, role=referred)
        elif declared == SAM_FUNCTION:
            connectors = _yaml.get(stack.sections[logical_id], "Connectors")
            role = sam_role(stack, function, properties, connectors)
            roles[role.key] = role
            function = replace(function, role=role.key)
        functions.append(function)
    known = [f if f.role in roles or f.role is None else _unknown_role(f) for f in functions]
    wired = with_wiring(stack, tuple(known))
    wired = tuple(_with_log_group(stack, function) for function in wired)
    resolver = stack.resolver
    return Deployment(
        template=stack.path,
        kind=kind or ("sam" if sam else "cloudformation"),
        functions=wired,
        roles=tuple(roles[key] for key in sorted(roles)),
        resources=tuple(resolver.resources[key] for key in sorted(resolver.resources)),
        gaps=tuple(stack.gaps),
        assumptions=tuple(f"{k}={v} (default)" for k, v in sorted(resolver.assumed.items())),
        stack_name=options.stack_name,
        account=options.account,
        region=options.region,
        environment_keys=frozenset(key for f in wired for key, _ in f.environment),
        parameters=tuple(sorted({**resolver.outputs, **resolver.assumed, **_declared(stack, values)}.items())),
    )


def _unknown_role(function: LambdaFunction) -> LambdaFunction:
    reference = Text((TemplateRef(function.role or "", "Arn"),))
    return replace(function, role=None, role_value=reference)


def _declared(stack: Stack, values: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in values.items() if name in stack.resolver.parameters}


def merged(base: Node | None, own: Node | None) -> Node | None:
    """Return a function's properties over SAM's `Globals`.

    Maps are joined, lists added up, all else replaced.
    Source: AWS SAM developer guide, "Globals section" (checked 2026-11).
    """
    if base is None or own is None:
        return own if base is None else base
    plain = intrinsic(base) is None and intrinsic(own) is None
    if plain and isinstance(base, Mapping) and isinstance(own, Mapping):
        names = {key.text for key, _ in own.entries}
        pairs = [(key, node) for key, node in base.entries if key.text not in names]
        for key, node in own.entries:
            joined = merged(base.get(key.text), node)
            pairs.append((key, node if joined is None else joined))
        return Mapping(tuple(pairs), own.tag, own.line, own.start, own.end)
    if plain and isinstance(base, Sequence) and isinstance(own, Sequence):
        return Sequence(base.items + own.items, own.tag, own.line, own.start, own.end)
    return own


def _function(stack: Stack, logical_id: str, place_code: PlaceCode | None) -> tuple[LambdaFunction, Node | None]:
    node = stack.sections[logical_id]
    properties = stack.properties(logical_id)
    sam = stack.type_of(logical_id) == SAM_FUNCTION
    if sam:
        properties = merged(_yaml.get(stack.root, "Globals", "Function"), properties)
    at = stack.place(node, f"Resources.{logical_id}")
    place = place_code(logical_id, node) if place_code is not None else None
    if place is None:
        place = _sam_code(stack, node, properties) if sam else _plain_code(stack, properties)
    mode = stack.literal(_yaml.get(properties, "Tracing"))
    mode = mode or stack.literal(_yaml.get(properties, "TracingConfig", "Mode"))
    layers, layer_roots = _layers(stack, _yaml.get(properties, "Layers"))
    inline = stack.literal(_yaml.get(properties, "InlineCode"))
    inline = inline or stack.literal(_yaml.get(properties, "Code", "ZipFile"))
    dead_letter = _yaml.get(properties, "DeadLetterQueue", "TargetArn")
    dead_letter = dead_letter or _yaml.get(properties, "DeadLetterConfig", "TargetArn")
    _note_targets(stack, properties)
    systems = (
        stack.value(_yaml.get(entry, "Arn")) for entry in _yaml.items(_yaml.get(properties, "FileSystemConfigs"))
    )
    return (
        LambdaFunction(
            id=logical_id,
            template=stack.path,
            location=Location(at.path, at.line, _end_line(node), at.route),
            name=stack.text(_yaml.get(properties, "FunctionName")),
            runtime=stack.literal(_yaml.get(properties, "Runtime")) or place.runtime,
            handler=place.entry or stack.literal(_yaml.get(properties, "Handler")) or place.handler,
            code_root=place.root,
            inline_code=inline,
            image=place.image,
            layers=layers,
            layer_roots=layer_roots,
            environment=_environment(stack, _yaml.get(properties, "Environment", "Variables")),
            event_sources=sam_events(stack, logical_id, properties) if sam else (),
            tracing=mode in ("Active", "PassThrough"),
            in_vpc=stack.value(_yaml.get(properties, "VpcConfig")) is not None,
            kms_key=stack.value(_yaml.get(properties, "KmsKeyArn")),
            dead_letter=stack.value(dead_letter),
            destinations=invoke_targets(stack, _yaml.get(properties, "EventInvokeConfig")),
            file_systems=tuple(value for value in systems if value is not None),
            log_group=stack.value(_yaml.get(properties, "LoggingConfig", "LogGroup")),
            durable=_yaml.get(properties, "DurableConfig") is not None,
            tags=_tags(stack, _yaml.get(properties, "Tags")),
            construct_path=_yaml.text_of(_yaml.get(node, "Metadata", "aws:cdk:path")),
        ),
        properties,
    )


_TARGETS = {
    "SQS": "arn:*:sqs:*:*:*",
    "SNS": "arn:*:sns:*:*:*",
    "Lambda": "arn:*:lambda:*:*:function:*",
    "EventBridge": "arn:*:events:*:*:event-bus/*",
    "S3Bucket": "arn:*:s3:::*",
}


def _note_targets(stack: Stack, properties: Node | None) -> None:
    """A parameter that SAM's `Type` says to be a queue or a topic stands for one of that kind."""
    config = _yaml.get(properties, "EventInvokeConfig", "DestinationConfig")
    for node, key in (
        (_yaml.get(properties, "DeadLetterQueue"), "TargetArn"),
        (_yaml.get(config, "OnSuccess"), "Destination"),
        (_yaml.get(config, "OnFailure"), "Destination"),
    ):
        pattern = _TARGETS.get(stack.literal(_yaml.get(node, "Type")) or "")
        text = stack.text(_yaml.get(node, key))
        part = text.parts[0] if text is not None and len(text.parts) == 1 else None
        if pattern is not None and isinstance(part, ParameterRef) and part.value is None:
            stack.resolver.outputs.setdefault(part.name, pattern)


def _end_line(node: Node) -> int:
    last = node
    while True:
        if isinstance(last, Mapping) and last.entries:
            last = last.entries[-1][1]
        elif isinstance(last, Sequence) and last.items:
            last = last.items[-1]
        else:
            return max(last.line, node.line)


def _environment(stack: Stack, node: Node | None) -> tuple[tuple[str, Value], ...]:
    value = stack.value(node)
    return value.entries if isinstance(value, MapValue) else ()


def _tags(stack: Stack, node: Node | None) -> tuple[tuple[str, str], ...]:
    found = []
    if isinstance(node, Mapping):
        found = [(key, stack.literal(item)) for key, item in _yaml.entries(node)]
    else:
        for entry in _yaml.items(node):
            key = stack.literal(_yaml.get(entry, "Key"))
            if key is not None:
                found.append((key, stack.literal(_yaml.get(entry, "Value"))))
    return tuple((key, value) for key, value in found if value is not None)


def _sam_code(stack: Stack, node: Node, properties: Node | None) -> CodePlace:
    package = stack.literal(_yaml.get(properties, "PackageType"))
    metadata = _yaml.get(node, "Metadata")
    if package == "Image" or _yaml.get(metadata, "Dockerfile") is not None:
        context = stack.literal(_yaml.get(metadata, "DockerContext")) or "."
        dockerfile = stack.literal(_yaml.get(metadata, "Dockerfile")) or "Dockerfile"
        return image_place(stack, properties, context, dockerfile)
    code = _yaml.get(properties, "CodeUri")
    if isinstance(code, Mapping) and intrinsic(code) is None:
        return CodePlace(None)
    text = stack.literal(code) if code is not None else "."
    if _yaml.get(properties, "InlineCode") is not None:
        return CodePlace(None)
    root = code_folder(stack.project, stack.folder, text)
    handler = stack.literal(_yaml.get(properties, "Handler"))
    return CodePlace(root, entry=_bundled_entry(stack, metadata, root, handler))


def _bundled_entry(stack: Stack, metadata: Node | None, root: str | None, handler: str | None) -> str | None:
    """The handler by its source file, where esbuild puts the bundle elsewhere (`EntryPoints`)."""
    entries = _yaml.items(_yaml.get(metadata, "BuildProperties", "EntryPoints"))
    if stack.literal(_yaml.get(metadata, "BuildMethod")) != "esbuild" or root is None or handler is None:
        return None
    module, _, name = handler.rpartition(".")
    for entry in entries:
        text = (stack.literal(entry) or "").removeprefix("./")
        stem = re.sub(r"\.[cm]?[jt]sx?$", "", text)
        same = stem.rpartition("/")[2] == module.rpartition("/")[2]
        if same and stem != module and (stack.project.root / root / text).is_file():
            return f"{stem}.{name}"
    return None


def _plain_code(stack: Stack, properties: Node | None) -> CodePlace:
    code = _yaml.get(properties, "Code")
    if _yaml.get(code, "ImageUri") is not None:
        return CodePlace(None, stack.literal(_first(properties)), None, image=True)
    text = _yaml.text_of(code)
    return CodePlace(code_folder(stack.project, stack.folder, text))


def _first(properties: Node | None) -> Node | None:
    return next(iter(_yaml.items(_yaml.get(properties, "ImageConfig", "Command"))), None)


def image_place(stack: Stack, properties: Node | None, context: str, dockerfile: str) -> CodePlace:
    """Return where an image's code lies: its build context, or the one folder that holds it."""
    folder = stack.project.folder(stack.folder, context)
    handler = stack.literal(_first(properties))
    if folder is None:
        return CodePlace(None, handler, None, image=True)
    build = image_build(stack.project, folder / dockerfile)
    handler = handler or build.handler
    root = folder
    if handler is not None:
        module = handler.split("::")[0].rpartition(".")[0].replace(".", "/") or handler
        for inner in (".", *build.folders):
            candidates = list((folder / inner).glob(f"{_literal_glob(module)}.*"))
            if candidates:
                root = folder / inner
                break
    readable = handler is not None and build.runtime is not None
    return CodePlace(stack.project.relative(Path(root)), handler, build.runtime, image=not readable)


def _literal_glob(text: str) -> str:
    return "".join(f"[{char}]" if char in "*?[" else char for char in text.strip("/")) or "."


def _layers(stack: Stack, node: Node | None) -> tuple[tuple[Value, ...], tuple[str, ...]]:
    value = stack.value(node)
    items = value.items if isinstance(value, ListValue) else () if value is None else (value,)
    roots: list[str] = []
    for item in items:
        referred = stack.reference(item)
        if referred is None:
            continue
        inner = stack.properties(referred)
        content = _yaml.get(inner, "ContentUri") or _yaml.get(inner, "Content")
        roots.extend(layer_folders(stack.project, stack.folder, _yaml.text_of(content)))
    return items, tuple(dict.fromkeys(roots))


def _with_log_group(stack: Stack, function: LambdaFunction) -> LambdaFunction:
    """Return a function with the log group of the template that is its own."""
    owned = stack.named(function.log_group, "AWS::Logs::LogGroup") if function.log_group else None
    if function.log_group is not None:
        return replace(function, owns_log_group=owned is not None)
    own: list[tuple[Part, ...]] = [(TemplateRef(function.id),)]
    if function.name is not None:
        own.append(function.name.parts)
    for parts in own:
        spelled = joined([Literal("/aws/lambda/"), *parts])
        found = stack.called(spelled, "AWS::Logs::LogGroup")
        if found is not None:
            return replace(function, log_group=Text((TemplateRef(found),)), owns_log_group=True)
    return function
