"""Terraform: HCL configurations with modules and tfvars, and `terraform show -json` plans."""

from collections.abc import Iterator
from pathlib import Path

from iamgen.errors import InputError
from iamgen.model.function import Deployment
from iamgen.model.observation import Gap, GapReason, Location
from iamgen.plugins import IacReader, ReadOptions
from iamgen.sources._project import Project
from iamgen.sources._yaml import parse_json


def _recognizes(path: Path) -> bool:
    if path.suffix == ".tf":
        return path.is_file()
    if path.suffix != ".json":
        return False
    try:
        with path.open("rb") as file:
            head = file.read(1 << 12)
    except OSError:
        return False
    return b'"terraform_version"' in head and b'"format_version"' in head


def _read(path: Path, options: ReadOptions) -> Iterator[Deployment | Gap]:
    project = Project.at(options.project)
    relative = project.relative(path)
    try:
        if path.suffix == ".json":
            yield from _read_plan(path, project, options)
        else:
            yield _read_module(path, project, options)
    except InputError as error:
        yield Gap(GapReason.SYNTAX_ERROR, str(error), Location(relative), None)
    except RecursionError:
        yield Gap(GapReason.LIMIT, "is nested too deeply", Location(relative), None)


def _read_module(path: Path, project: Project, options: ReadOptions) -> Deployment:
    from iamgen.sources._terraform.configuration import Module, Shared, variable_files
    from iamgen.sources._terraform.deployment import TerraformReader

    folder = path.parent
    shared = Shared(project, dict(options.parameters))
    inputs = variable_files(project, folder, options.var_files)
    module = Module(shared, folder, "", inputs, 0)
    module.read()
    reader = TerraformReader(project, project.relative(folder), shared.resources)
    functions, roles = reader.functions()
    return Deployment(
        template=project.relative(path),
        kind="terraform",
        functions=tuple(functions),
        roles=tuple(roles),
        resources=tuple(reader.resources[key] for key in sorted(reader.resources)),
        gaps=tuple(dict.fromkeys((*shared.gaps, *reader.gaps))),
        assumptions=tuple(f"{k}={v} (default)" for k, v in sorted(shared.assumed.items())),
        stack_name=options.stack_name,
        account=options.account,
        region=options.region,
        environment_keys=frozenset(key for f in functions for key, _ in f.environment),
        parameters=tuple(sorted(shared.parameters.items())),
        includes=tuple(dict.fromkeys(shared.included)),
    )


def _read_plan(path: Path, project: Project, options: ReadOptions) -> Iterator[Deployment | Gap]:
    from iamgen.sources._terraform.deployment import TerraformReader
    from iamgen.sources._terraform.plan import plan_resources

    data = project.read(path)
    if isinstance(data, Gap):
        yield data
        return
    relative = project.relative(path)
    resources, gaps = plan_resources(parse_json(data, relative), relative)
    reader = TerraformReader(project, project.relative(path.parent), resources)
    functions, roles = reader.functions()
    yield Deployment(
        template=relative,
        kind="terraform",
        functions=tuple(functions),
        roles=tuple(roles),
        resources=tuple(reader.resources[key] for key in sorted(reader.resources)),
        gaps=tuple(dict.fromkeys((*gaps, *reader.gaps))),
        stack_name=options.stack_name,
        account=options.account,
        region=options.region,
        environment_keys=frozenset(key for f in functions for key, _ in f.environment),
    )


PLUGIN = IacReader(name="terraform", recognizes=_recognizes, read_deployment=_read)
