"""What a run has read: the value that the later steps of the journey start from."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from iamgen.access.maps import AccessMaps
from iamgen.model.function import Deployment
from iamgen.model.observation import Gap
from iamgen.model.request import SuggestRequest
from iamgen.pipeline.functions import Subject
from iamgen.pipeline.scan import Scanned

if TYPE_CHECKING:
    from iamgen.pipeline.logs import LogUsage


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """What a run has read, before anything is decided; `drift`, `check` and `doctor` start from it as well."""

    request: SuggestRequest
    maps: AccessMaps
    deployments: tuple[Deployment, ...]
    subjects: tuple[Subject, ...]
    chosen: tuple[Subject, ...]
    usage: "LogUsage | None"
    scanned: dict[str, Scanned]
    """By function key (`iamgen.pipeline.scan.key`)."""
    gaps: tuple[Gap, ...]
    as_of: str | None
