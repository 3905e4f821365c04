"""What is written, and where: one role of one template."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from iamgen.model.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchTarget:
    """One role and what it shall say."""

    functions: tuple[str, ...]
    """Ids of the functions that use it, as their template spells them."""
    role: str | None
    """Logical id or address of the role; None when the framework makes it for the function."""
    policy: Policy
    symbolic: Policy | None = None
    explicit_role: bool = False
    """Write a role of its own in place of the one that the framework makes."""
    split: bool = False
    """Take the function out of a shared role: write a new role, the trust policy copied."""
    is_known: Callable[[str], bool] = field(default=lambda _: True)
    """Whether the document of an AWS managed policy (by name) is known, so that it can go."""
    types: dict[str, Any] = field(default_factory=dict)
    """`types` of the table of resource types."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something a person must know of a patch."""

    key: str
    """`needs-explicit-role`, `managed-replaced`, `managed-kept`, `not-deleted`."""
    detail: str
    place: str
