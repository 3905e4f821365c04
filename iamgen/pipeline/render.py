"""A result in the form that was asked for."""

import importlib
from typing import Any

from iamgen.errors import UsageError
from iamgen.plugins import OutputFormat, discover


def render(result: Any, form: str, *, by_role: bool = False, as_map: bool = False) -> str:
    """Return the text of a result in one form.

    Raises:
        UsageError: the form is unknown, or does not show this kind of result.
        InputError: `policy` was asked for one function that has too little evidence.
    """
    if form == "policy" and (by_role or as_map):
        from iamgen.outputs.policy_json import render_map

        return render_map(result, by_role=by_role)
    plugin = _named(form)
    if plugin is None or not isinstance(result, plugin.renders):
        known = discover("iamgen.outputs", OutputFormat)
        plugin = next((one for one in known if one.name == form and isinstance(result, one.renders)), None)
        if plugin is None:
            fit = [one.name for one in known if isinstance(result, one.renders)]
            raise UsageError(f"no form `{form}` for this answer", hint=f"known: {', '.join(fit)}")
    text: str = plugin.render(result)
    return text


def _named(form: str) -> OutputFormat | None:
    """Return the plug-in whose module has the form's name: the usual case, and no other module is loaded for it."""
    try:
        plugin = getattr(importlib.import_module(f"iamgen.outputs.{form.replace('-', '_')}"), "PLUGIN", None)
    except ModuleNotFoundError:
        return None
    return plugin if isinstance(plugin, OutputFormat) and plugin.name == form else None
