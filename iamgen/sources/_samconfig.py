"""samconfig.toml: the stack name and the parameters that a template is deployed with."""

import re
import tomllib
from pathlib import Path
from typing import Any

from iamgen.model.observation import Gap
from iamgen.sources import _yaml
from iamgen.sources._project import Project

_PAIR = re.compile(r"""(?:ParameterKey=)?([\w:]+)(?:,ParameterValue)?=("[^"]*"|'[^']*'|\S*)""")


def parameter_overrides(project: Project, template: Path, environment: str | None) -> tuple[dict[str, str], str | None]:
    """Return the parameters and the stack name that the samconfig beside a template states.

    Of its environments the one asked for counts, else `default`; an unreadable file counts as none.
    """
    folder = template.parent
    document: Any = None
    for name in ("samconfig.toml", "samconfig.yaml", "samconfig.yml"):
        file = folder / name
        if not file.is_file():
            continue
        data = project.read(file)
        if isinstance(data, Gap):
            continue
        try:
            if name.endswith(".toml"):
                document = tomllib.loads(data.decode("utf-8"))
            else:
                document = _yaml.plain_value(_yaml.parse(data, name))
        except (ValueError, RecursionError):
            continue
        break
    section = document.get(environment or "default") if isinstance(document, dict) else None
    found: dict[str, Any] = {}
    for command in ("global", "deploy"):
        body = section.get(command) if isinstance(section, dict) else None
        parameters = body.get("parameters") if isinstance(body, dict) else None
        if isinstance(parameters, dict):
            found.update(parameters)
    stack = found.get("stack_name")
    return _pairs(found.get("parameter_overrides")), stack if isinstance(stack, str) else None


def _pairs(value: Any) -> dict[str, str]:
    if isinstance(value, dict):
        return {str(key): str(item) for key, item in value.items()}
    entries = value if isinstance(value, list) else [value]
    found: dict[str, str] = {}
    for entry in entries:
        if isinstance(entry, str):
            for key, text in _PAIR.findall(entry):
                found[key] = text[1:-1] if text[:1] in "\"'" and len(text) > 1 else text
    return found
