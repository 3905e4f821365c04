"""A report as one HTML file: no external request, light and dark, print, keyboard and screen reader."""

from collections.abc import Callable
from typing import Any

from iamgen.model.drift import DriftReport
from iamgen.model.result import SuggestResult
from iamgen.outputs._html_drift import drift_page
from iamgen.outputs._html_suggest import suggest_page
from iamgen.plugins import OutputFormat

_PAGES: dict[type, Callable[[Any], str]] = {DriftReport: drift_page, SuggestResult: suggest_page}


def render(result: Any) -> str:
    """Return the page."""
    return _PAGES[type(result)](result)


PLUGIN = OutputFormat(name="html", suffix=".html", renders=tuple(_PAGES), render=render)
