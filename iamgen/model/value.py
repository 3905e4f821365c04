"""What an argument can hold: text made of parts, lists, maps, alternatives.

A front end and the analysis produce these; template readers give the values of environment variables in the same
words; `iamgen.facts` puts the two together. A part that nobody could work out is `Unresolved`, a value like any other.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Literal:
    """Characters known from the source."""

    text: str


@dataclass(frozen=True, slots=True)
class EnvironmentVariable:
    """The value of an environment variable of the function; `default` is what the code falls back to."""

    name: str
    default: str | None = None


@dataclass(frozen=True, slots=True)
class TemplateRef:
    """A resource of the template: `attribute` is "" for `Ref`, else the attribute of `GetAtt` ("Arn", "StreamArn")."""

    logical_id: str
    attribute: str = ""


@dataclass(frozen=True, slots=True)
class ParameterRef:
    """A parameter or import of the template ("ImportValue:x" for an import).

    `value` is what it is known to be (a flag, or its default, which is an assumption); policies keep the reference.
    """

    name: str
    value: str | None = None


@dataclass(frozen=True, slots=True)
class PseudoParameter:
    """What only the deployment knows: Partition, Region, Account, StackName, UrlSuffix, StackId."""

    name: str


@dataclass(frozen=True, slots=True)
class EventField:
    """A value taken from the event the handler was called with, as a dotted path (`Records[].s3.bucket.name`)."""

    path: str


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A value that exists and could not be worked out; `detail` says why, for people."""

    detail: str = ""


Part = Literal | EnvironmentVariable | TemplateRef | ParameterRef | PseudoParameter | EventField | Unresolved


@dataclass(frozen=True, slots=True)
class Text:
    """A scalar, as the sequence of its parts; numbers and booleans are literals ("30", "true")."""

    parts: tuple[Part, ...]

    @classmethod
    def of(cls, text: str) -> "Text":
        """Return a text of one literal."""
        return cls((Literal(text),))

    @property
    def literal(self) -> str | None:
        """The characters when all parts are literal or parameters of known value, else None."""
        found = []
        for part in self.parts:
            known = part.text if isinstance(part, Literal) else None
            if isinstance(part, ParameterRef):
                known = part.value
            if known is None:
                return None
            found.append(known)
        return "".join(found)


@dataclass(frozen=True, slots=True)
class ListValue:
    """A list; `open` when it may hold more than `items`."""

    items: tuple["Value", ...]
    open: bool = False


@dataclass(frozen=True, slots=True)
class MapValue:
    """A mapping with known keys in source order; `open` when it may hold keys nobody could see (`**kwargs`)."""

    entries: tuple[tuple[str, "Value"], ...]
    open: bool = False
    names: tuple[tuple[str, Text], ...] = ()
    """Keys that are no literals (`{os.environ["TABLE"]: …}`): how `entries` spells them, and what they are."""

    def key(self, key: str) -> Text:
        """Return what a key of `entries` is."""
        return next((value for name, value in self.names if name == key), Text.of(key))

    def get(self, key: str) -> "Value | None":
        """Return the value under `key`, or None."""
        return next((value for name, value in self.entries if name == key), None)


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of several values, by control flow or configuration; each is possible."""

    options: tuple["Value", ...]


Value = Text | ListValue | MapValue | OneOf

UNKNOWN = Text((Unresolved(),))
