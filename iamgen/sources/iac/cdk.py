"""A synthesized CDK application: `cdk.out` with its manifest, stack templates, assets and paths."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from iamgen.errors import InputError
from iamgen.model.function import Deployment, LambdaFunction
from iamgen.model.observation import Gap, GapReason, Location
from iamgen.plugins import IacReader, ReadOptions
from iamgen.sources import _yaml
from iamgen.sources._cloudformation import CodePlace, PlaceCode, read_stack
from iamgen.sources._code_place import code_folder, image_build
from iamgen.sources._project import Project
from iamgen.sources._yaml import Node

_MAX_DEPTH = 8


def _recognizes(path: Path) -> bool:
    if path.is_dir():
        return path.name == "cdk.out" and (path / "manifest.json").is_file()
    if path.name != "manifest.json":
        return False
    try:
        with path.open("rb") as file:
            return b'"artifacts"' in file.read(1 << 20)
    except OSError:
        return False


def _read(path: Path, options: ReadOptions) -> Iterator[Deployment | Gap]:
    project = Project.at(options.project)
    folder = path if path.is_dir() else path.parent
    yield from _assembly(project, folder, options, 0)


def _assembly(project: Project, folder: Path, options: ReadOptions, depth: int) -> Iterator[Deployment | Gap]:
    manifest = folder / "manifest.json"
    place = Location(project.relative(manifest))
    data = project.read(manifest)
    if isinstance(data, Gap):
        yield data
        return
    try:
        document = _yaml.parse_json(data, place.path)
    except InputError as error:
        yield Gap(GapReason.SYNTAX_ERROR, str(error), place, None)
        return
    artifacts = document.get("artifacts") if isinstance(document, dict) else None
    for _, artifact in sorted(artifacts.items()) if isinstance(artifacts, dict) else ():
        properties = artifact.get("properties") if isinstance(artifact, dict) else None
        if not isinstance(properties, dict):
            continue
        if artifact.get("type") == "aws:cloudformation:stack":
            yield from _stack(project, folder, artifact, properties, options)
        elif artifact.get("type") == "cdk:cloud-assembly" and depth < _MAX_DEPTH:
            inner = folder / str(properties.get("directoryName", ""))
            if inner.is_dir() and project.holds(inner):
                yield from _assembly(project, inner, options, depth + 1)


def _stack(
    project: Project,
    folder: Path,
    artifact: dict[str, Any],
    properties: dict[str, Any],
    options: ReadOptions,
) -> Iterator[Deployment | Gap]:
    account, region = _environment(str(artifact.get("environment", "")))
    stack_name = properties.get("stackName") or artifact.get("displayName")
    named = replace(
        options,
        account=options.account or account,
        region=options.region or region,
        stack_name=options.stack_name or (stack_name if isinstance(stack_name, str) else None),
    )
    pending = [folder / str(properties.get("templateFile", ""))]
    seen: set[Path] = set()
    while pending:
        path = pending.pop(0)
        if path in seen or len(seen) > 200:
            continue
        seen.add(path)
        data = project.read(path)
        if isinstance(data, Gap):
            yield data
            continue
        try:
            root = _yaml.parse(data, project.relative(path))
            found = read_stack(root, project, path, named, kind="cdk", place_code=_place(project, folder))
        except InputError as error:
            yield Gap(GapReason.SYNTAX_ERROR, str(error), Location(project.relative(path)), None)
            continue
        functions = tuple(_with_aliases(function) for function in found.functions)
        yield replace(found, functions=functions)
        pending.extend(_nested(folder, root))


def _environment(text: str) -> tuple[str | None, str | None]:
    """`aws://123456789012/eu-west-1`; unknown parts are spelled `unknown-account`."""
    parts = text.removeprefix("aws://").split("/")
    if len(parts) != 2:
        return None, None
    account, region = parts
    return account if account.isdigit() else None, None if "unknown" in region else region


def _nested(folder: Path, root: Node) -> Iterator[Path]:
    for _, node in _yaml.entries(_yaml.get(root, "Resources")):
        if _yaml.text_of(_yaml.get(node, "Type")) == "AWS::CloudFormation::Stack":
            text = _yaml.text_of(_yaml.get(node, "Metadata", "aws:asset:path"))
            if text is not None:
                yield folder / text


def _place(project: Project, folder: Path) -> PlaceCode:
    def place(logical_id: str, node: Node) -> CodePlace | None:
        del logical_id
        metadata = _yaml.get(node, "Metadata")
        text = _yaml.text_of(_yaml.get(metadata, "aws:asset:path"))
        if text is None:
            return None
        root = code_folder(project, folder, text)
        dockerfile = _yaml.text_of(_yaml.get(metadata, "aws:asset:dockerfile-path"))
        if dockerfile is None or root is None:
            return CodePlace(root)
        build = image_build(project, project.root / root / dockerfile)
        readable = build.handler is not None and build.runtime is not None
        return CodePlace(root, build.handler, build.runtime, image=not readable)

    return place


def _with_aliases(function: LambdaFunction) -> LambdaFunction:
    """A function under its construct's id and path besides its logical id."""
    path = function.construct_path
    if path is None:
        return function
    parts = [part for part in path.split("/") if part != "Resource"]
    return replace(function, aliases=(parts[-1], "/".join(parts)) if parts else ())


PLUGIN = IacReader(name="cdk", recognizes=_recognizes, read_deployment=_read)
