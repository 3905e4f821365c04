"""Read one function's code: from its handler to the SDK calls that it reaches, and the gaps on the way.

Enters: a function as its template states it, the project, the languages, and the access maps. Leaves: a `CodeReport`.
Nothing of the project is executed. Whatever the code is, an answer comes back within the limits of `machine`.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from iamgen.model.function import LambdaFunction
from iamgen.model.observation import ApiCall, CodeReport, Gap, GapReason, Location
from iamgen.model.value import MapValue
from iamgen.plugins import Frontend
from iamgen.sources._program import form, languages, library
from iamgen.sources._program.machine import Args, Frame, LimitReachedError
from iamgen.sources._program.modules import ModuleLoader, loader_for
from iamgen.sources._program.reach import Program
from iamgen.sources._program.values import (
    Alt,
    Bound,
    ClassVal,
    Context,
    Event,
    External,
    FunctionVal,
    Instance,
    ModuleState,
    Thing,
    Unknown,
    Val,
    is_none,
    options,
)

if TYPE_CHECKING:
    from iamgen.access.maps import AccessMaps

_RECURSION = 14_000


def analyse(function: LambdaFunction, project: Path, frontends: tuple[Frontend, ...], maps: "AccessMaps") -> CodeReport:
    """Return what reading a function's code gives."""
    loader = loader_for(project, frontends)
    loader.refresh()
    return analyse_with(loader, function, maps)


def analyse_with(loader: ModuleLoader, function: LambdaFunction, maps: "AccessMaps") -> CodeReport:
    """Return what reading a function's code gives, with a loader whose files are known to be fresh."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, _RECURSION))
    try:
        return _Analysis(loader, function, maps).report()
    finally:
        sys.setrecursionlimit(limit)


class _Analysis:
    """One function."""

    def __init__(self, loader: ModuleLoader, function: LambdaFunction, maps: "AccessMaps") -> None:
        self.loader = loader
        self.function = function
        self.frontends = loader.for_runtime(function.runtime)
        self.program = Program(loader, maps, self.roots())

    def roots(self) -> tuple[str, ...]:
        """Return where imports start: the function's folder, its layers, then their usual subfolders."""
        roots: list[str] = []
        base = self.function.code_root
        if base is None:
            base = self.function.template.rpartition("/")[0]
        base = base.strip("/")
        if self.loader.files.kind(base or ".") == "file":
            roots.append(base.rpartition("/")[0])
        roots.append("" if base == "." else base.removeprefix("./"))
        for layer in self.function.layer_roots:
            root = layer.strip("/").removeprefix("./")
            roots += [f"{root}/python", f"{root}/nodejs/node_modules", root]
        return tuple(dict.fromkeys(roots))

    def report(self) -> CodeReport:
        """Return the report."""
        function = self.function
        if function.image or not self.frontends:
            reason = GapReason.UNREAD_CODE if function.image else GapReason.UNSUPPORTED_RUNTIME
            detail = "a container image" if function.image else f"runtime {function.runtime}"
            return self._empty(Gap(reason, detail, function.location, None))
        try:
            value = self._handler()
        except LimitReachedError:
            self._limit()
            value = None
        if value is None:
            if not any(gap.services is None for gap in self.program.gaps):
                self.program.gaps.setdefault(
                    Gap(
                        GapReason.HANDLER_NOT_FOUND,
                        function.handler or "no handler",
                        function.location,
                        None,
                    )
                )
            return self._finished(analysed=False)
        try:
            self._run(value)
        except LimitReachedError:
            self._limit()
        except RecursionError:
            self.program.gaps.setdefault(
                Gap(GapReason.LIMIT, "the code is nested too deep", Location(self._file()), None)
            )
        return self._finished(analysed=True)

    def _limit(self) -> None:
        self.program.gaps.setdefault(
            Gap(
                GapReason.LIMIT,
                "the function reaches more than is gone through",
                Location(self._file()),
                None,
            )
        )

    def _file(self) -> str:
        return next(iter(self.program.files), self.function.template)

    # -- the handler --

    def _handler(self) -> Val | None:
        if self.function.inline_code is not None:
            return self._inline(self.function.inline_code)
        handler = self.function.handler or ""
        for frontend in self.frontends:
            if frontend.entry is None:
                continue
            candidates = frontend.entry(handler, self.program.roots, self.loader.files)
            for path, name in candidates:
                state = self.program.module(path)
                if state.module is None:
                    return None
                value = self._named(state, name)
                if value is not None:
                    return value
        return self._application() if handler else None

    def _inline(self, code: str) -> Val | None:
        """A function whose code stands in the template."""
        handler = self.function.handler or "index.handler"
        lowered = self.loader.lower_text(self.frontends[0], self.function.template, code.encode("utf-8", "replace"))
        self.program.files.setdefault(self.function.template)
        if isinstance(lowered, Gap):
            self.program.gaps.setdefault(lowered)
            return None
        suffix = self.frontends[0].suffixes[0]
        state = self.program.run_module(f"{self.function.template}#index{suffix}", lowered)
        state.path = self.function.template
        return self._named(state, handler.rpartition(".")[2])

    def _named(self, state: ModuleState, name: str) -> Val | None:
        """Return a member of a module by its dotted name."""
        value: Val = state
        frame = Frame(state.scope, state, name)
        self.program.frames.append(frame)
        try:
            for step in name.split("."):
                if isinstance(value, ClassVal) and state.language == "java":
                    value = self.program.call(value, Args(), form.Call(form.Const(None)))
                value = library.imported(self.program, value, step)
                if isinstance(value, Unknown):
                    return None
        finally:
            self.program.frames.pop()
        known = [each for each in options(value) if not isinstance(each, Unknown)]
        return value if known and not all(is_none(each) for each in known) else None

    def _application(self) -> Val | None:
        """The handler is a package's that serves an application (`wsgi_handler.handler`): find the application."""
        handler = self.function.handler or ""
        served = handler.partition(".")[0] in ("wsgi_handler", "wsgi", "serverless_sdk", "s_app")
        if not served and "(" not in handler and " " not in handler:
            return None
        for frontend in self.frontends:
            if frontend.entry is None:
                continue
            spelled = handler.partition(" ")[0]
            for path, name in frontend.entry(spelled, self.program.roots, self.loader.files):
                value = self._named(self.program.module(path), name)
                if value is not None:
                    return value
        for root in self.program.roots:
            for name in self.loader.files.names(root):
                path = f"{root}/{name}" if root else name
                if not name.endswith(".py") or not self.loader.files.is_file(path):
                    continue
                if b"Flask(" not in (self.loader.files.read(path) or b""):
                    continue
                state = self.program.module(path)
                for value in state.scope.variables.values():
                    if isinstance(value, Thing) and value.kind.full.endswith("Flask"):
                        return value
        return None

    # -- the run --

    def _run(self, value: Val) -> None:
        program = self.program
        state = next(
            (each for each in program.modules.values() if each.module is not None),
            ModuleState("", None),
        )
        frame = Frame(state.scope, state, self.function.handler or "handler")
        program.frames.append(frame)
        call = form.Call(form.Const(None))
        args = Args([Event(""), Context()])
        for each in value.options if isinstance(value, Alt) else (value,):
            match each:
                case FunctionVal() | Bound() | Instance():
                    program.call(each, self._arguments(each, args), call)
                case ClassVal():
                    made = program.call(each, Args(), call)
                    for name in ("handler", "handle", "__call__", "handleRequest"):
                        if each.find(name) is not None:
                            program.call(program.member(made, name), args, call)
                case Thing():
                    spoken = languages.language(program)
                    if spoken.call_wrapper is None or not spoken.call_wrapper(program, each, args, call):
                        library.drive(program, each)
                case External():
                    program.call(each, args, call)
                case _:
                    program.call(each, args, call)
        program.drain()
        self._unsent()
        program.frames.pop()

    def _arguments(self, value: Val, args: Args) -> Args:
        """Return the event and the context, and nothing that a method of a class does not take."""
        function = value.function if isinstance(value, Bound) else value
        if isinstance(function, FunctionVal) and function.module.language == "java":
            return Args([self._typed(each, function) for each in function.function.params])
        if isinstance(value, FunctionVal):
            if value.context is not None:
                thing = self.program.new_thing(value.context, Args())
                return Args([args.places[0], thing])
            names = [
                each.target.id
                for each in value.function.params
                if isinstance(each.target, form.Name) and each.kind == "positional"
            ]
            if names and names[0] == "self" and len(names) > 2:
                return Args([Unknown("self"), *args.places])
            if not value.function.params:
                return Args()
            if len(names) == 1 and not any(each.kind == "rest" for each in value.function.params):
                return Args(args.places[:1])
        return args

    def _typed(self, parameter: form.Param, function: FunctionVal) -> Val:
        """Return what a parameter of a Java handler gets, by its type."""
        if parameter.annotation is None:
            return Event("")
        frame = Frame(function.module.scope, function.module, "")
        kind = self.program.evaluate(parameter.annotation, frame)
        if isinstance(kind, External) and kind.full.endswith("runtime.Context"):
            return Context()
        output = isinstance(kind, External) and kind.full.endswith("OutputStream")
        return Unknown("the answer") if output else Event("")

    def _unsent(self) -> None:
        """Signers whose request nobody saw being sent sign some request to their service."""
        for signer, (service, operation), node, path, names in self.program.signed:
            if "<sent>" in signer.attributes:
                continue
            place = Location(path, node.line)
            call = ApiCall(
                service=service,
                operation=operation,
                arguments=MapValue((), open=True),
                location=place,
                path=names,
                via=signer.kind.full,
            )
            self.program.calls.setdefault((service, operation, place), call)

    # -- the answer --

    def _empty(self, gap: Gap) -> CodeReport:
        return CodeReport(calls=(), gaps=(self._own(gap),), files=(), analysed=False)

    def _own(self, gap: Gap) -> Gap:
        return Gap(gap.reason, gap.detail, gap.location, gap.services, self.function.id)

    def _finished(self, *, analysed: bool) -> CodeReport:
        program = self.program
        calls = sorted(
            program.calls.values(),
            key=lambda each: (each.location, each.service, each.operation, repr(each.arguments)),
        )
        gaps = sorted(
            {self._own(each) for each in program.gaps},
            key=lambda each: (
                each.location or Location(""),
                each.reason,
                each.detail,
                each.services or (),
            ),
        )
        return CodeReport(
            calls=tuple(calls),
            gaps=tuple(gaps),
            files=tuple(sorted(program.files)),
            calls_unresolved=len(program.unresolved),
            calls_foreign=len(program.foreign),
            analysed=analysed,
        )
