"""What the analysis asks of a language, and where it finds the answers: one module `library_<language>` each."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from iamgen.sources._program import form
from iamgen.sources._program.machine import Args, Machine
from iamgen.sources._program.values import ClientMember, External, Member, ModuleState, Thing, Val


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """What the analysis must know of a language's own library. Functions that answer None leave it to others."""

    builtin: Callable[[str, ModuleState], Val]
    """What a name that nothing binds stands for."""
    external: Callable[[Machine, External], Val]
    """What a library's member is, mostly itself."""
    call_external: Callable[[Machine, External, Args, form.Call], Val | None]
    """A call of a library's function or class."""
    call_value: Callable[[Machine, Val, Args, form.Call], Val | None]
    """A call of a builtin and of other values."""
    call_member: Callable[[Machine, Member, Args, form.Call], Val | None]
    """A call of a method of a plain value, a library object or an unknown value."""
    call_client: Callable[[Machine, ClientMember, Args, form.Call], Val | None]
    """A call of a method of a client."""
    thing_member: Callable[[Machine, Thing, str], Val | None]
    """A member of a library's object."""
    silent: Callable[[str], bool]
    """Whether a library never calls AWS and keeps no client (the standard library, logging, test tools)."""
    prepare: Callable[[ModuleState], None]
    """Sets the names that every module has."""
    annotated: Callable[[Machine, External], Val | None] | None = None
    """What a value is whose type is a library's."""
    injected: Callable[[Machine, Thing], Val | None] | None = None
    """What a parameter is given that a library's mark describes."""
    call_wrapper: Callable[[Machine, Thing, Args, form.Call], Val | None] | None = None
    """A handler that a library made of the project's functions: it calls them with the same arguments."""


@cache
def of(name: str) -> Language:
    """Return a language by the name of its front end."""
    module = importlib.import_module(f"iamgen.sources._program.library_{name}")
    found = module.LANGUAGE
    assert isinstance(found, Language)  # noqa: S101
    return found


def language(machine: Machine) -> Language:
    """Return the language of the module that is being gone through."""
    return of(machine.frame.module.language or "python")
