"""CloudFormation and SAM templates, YAML or JSON."""

from collections.abc import Iterator
from pathlib import Path

from iamgen.errors import InputError
from iamgen.model.function import Deployment
from iamgen.model.observation import Gap, GapReason, Location
from iamgen.plugins import IacReader, ReadOptions
from iamgen.sources import _yaml
from iamgen.sources._cloudformation import looks_like_template, read_stack
from iamgen.sources._project import Project
from iamgen.sources._samconfig import parameter_overrides

_SUFFIXES = (".yaml", ".yml", ".json", ".template")
_LIMIT = 1 << 16


def _recognizes(path: Path) -> bool:
    if path.suffix.lower() not in _SUFFIXES:
        return False
    try:
        with path.open("rb") as file:
            head = file.read(_LIMIT)
    except OSError:
        return False
    return b"Resources" in head and (b"AWS::" in head or b"Transform" in head)


def _read(path: Path, options: ReadOptions) -> Iterator[Deployment | Gap]:
    project = Project.at(options.project)
    relative = project.relative(path)
    data = project.read(path)
    if isinstance(data, Gap):
        yield data
        return
    try:
        root = _yaml.parse(data, relative)
        if not looks_like_template(root):
            return
        given, stack_name = parameter_overrides(project, path, options.config_env)
        named = options
        if options.stack_name is None and stack_name is not None:
            from dataclasses import replace

            named = replace(options, stack_name=stack_name)
        yield read_stack(root, project, path, named, given=given)
    except InputError as error:
        yield Gap(GapReason.SYNTAX_ERROR, str(error), Location(relative), None)


PLUGIN = IacReader(name="cloudformation", recognizes=_recognizes, read_deployment=_read)
