"""The templates of a project, read with what the flags say of them."""

from pathlib import Path

from iamgen.model.function import Deployment
from iamgen.model.observation import Gap
from iamgen.model.request import SuggestRequest
from iamgen.plugins import ReadOptions


def read_templates(
    request: SuggestRequest,
) -> tuple[tuple[Deployment, ...], tuple[Gap, ...]]:
    """Return the deployments of the project, and what of its templates could not be read."""
    if request.no_project:
        return (), ()
    from iamgen.sources.discover import read_project

    options = ReadOptions(
        project=request.project,
        parameters=request.parameters,
        stack_name=request.stack_name,
        config_env=request.config_env,
        stage=request.stage,
        var_files=request.var_files,
        account=request.account,
        region=request.region,
        partition=request.partition,
    )
    found = read_project(options, template=request.template, source=request.source)
    deployments = tuple(one for one in found if isinstance(one, Deployment))
    gaps = [one for one in found if isinstance(one, Gap)]
    gaps.extend(gap for one in deployments for gap in one.gaps if gap.function is None)
    return deployments, tuple(dict.fromkeys(gaps))


def inventory(project: Path) -> tuple[Deployment, ...]:
    """Return what the templates of a project deploy, without reading any code."""
    return read_templates(SuggestRequest(project=project))[0]
