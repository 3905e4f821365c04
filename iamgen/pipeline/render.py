"""A result in the form that was asked for."""

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
    known = {plugin.name: plugin for plugin in discover("iamgen.outputs", OutputFormat)}
    plugin = known.get(form)
    if plugin is None or not isinstance(result, plugin.renders):
        fit = [name for name, one in known.items() if isinstance(result, one.renders)]
        raise UsageError(f"no form `{form}` for this answer", hint=f"known: {', '.join(fit)}")
    text: str = plugin.render(result)
    return text
