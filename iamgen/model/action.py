"""Actions: what may be done.

An action is `service:Name`. Letter case does not count when IAM compares actions; the canonical
spelling comes from the access maps. Source: IAM User Guide, "IAM JSON policy elements: Action"
(checked 2026-11).
"""

from functools import lru_cache

from iamgen.errors import InputError
from iamgen.model.glob import Glob


def split_action(text: str) -> tuple[str, str]:
    """Return service prefix and name of an action or action pattern; `*` gives `("*", "*")`.

    Raises:
        InputError: the text has no colon and is not `*`.
    """
    service, colon, name = text.partition(":")
    if colon and service and name:
        return service, name
    if text == "*":
        return "*", "*"
    raise InputError(f"`{text}` is no action", hint="an action is written service:Name")


def is_action(text: str) -> bool:
    """Whether the text is an action or an action pattern."""
    service, colon, name = text.partition(":")
    return text == "*" or bool(colon and service and name)


def is_action_pattern(text: str) -> bool:
    """Whether the text stands for more than one action."""
    return "*" in text or "?" in text


def fold(action: str) -> str:
    """Return the form under which two spellings of one action are equal."""
    return action.lower()


@lru_cache(maxsize=65_536)
def action_globs(pattern: str) -> tuple[Glob, Glob]:
    """Return the folded patterns for service prefix and name; wildcards never cross the colon.

    A text that is no action pattern matches nothing but itself.
    """
    service, colon, name = fold(pattern).partition(":")
    if not colon:
        return (Glob("*"), Glob("*")) if pattern == "*" else (Glob(service), Glob(""))
    return Glob(service), Glob(name)


def action_matches(pattern: str, action: str) -> bool:
    """Whether an action pattern stands for an action."""
    service_glob, name_glob = action_globs(pattern)
    service, _, name = fold(action).partition(":")
    return service_glob.matches(service) and name_glob.matches(name)
