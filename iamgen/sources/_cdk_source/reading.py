"""What a walked CDK application deploys: functions, resources, roles and events, as best effort."""

import posixpath
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from iamgen.access.maps import open_maps
from iamgen.access.resource_types import symbolic_text
from iamgen.model.function import (
    Deployment,
    EventSource,
    LambdaFunction,
    Role,
    TemplateResource,
)
from iamgen.model.observation import Gap, Location
from iamgen.model.value import MapValue, TemplateRef, Text, Unresolved, Value
from iamgen.sources._cdk_source import libraries
from iamgen.sources._cdk_source.references import construct_type, imported, scope_name, to_value
from iamgen.sources._cdk_source.roles import RoleBuilder
from iamgen.sources._cdk_source.things import External, Member, MethodCall, Thing
from iamgen.sources._code_place import go_folder, image_build
from iamgen.sources._project import Project

FUNCTION = "AWS::Lambda::Function"
_KEYS = (
    "encryptionKey",
    "masterKey",
    "encryptionMasterKey",
    "kmsKey",
    "kmsMasterKeyId",
    "kmsKeyId",
)


class Reading:
    """Turns the things of one application into a deployment."""

    def __init__(self, project: Project, app_folder: Path, things: list[Thing]) -> None:
        self.project = project
        self.app_folder = app_folder
        self.things = things
        self.resources: dict[str, TemplateResource] = {}
        self.functions: dict[Thing, LambdaFunction] = {}
        self.builders: dict[int, RoleBuilder] = {}
        self.gaps: list[Gap] = []
        self.parameters: dict[str, str] = {}

    def deployment(self, template: str) -> Deployment:
        """Return what the application deploys."""
        for thing in self.things:
            self._resource(thing)
        made = [thing for thing in self.things if self._is_function(thing)]
        functions = [self._function(thing) for thing in made]
        roles: list[Role] = []
        read: list[LambdaFunction] = []
        owners: dict[int, RoleBuilder] = {}
        for thing, function in zip(made, functions, strict=True):
            role_thing = thing.props.get("role")
            if isinstance(role_thing, Member):
                role_thing = role_thing.thing
            if isinstance(role_thing, Thing) and role_thing.path in ("iam.Role", "iam.CfnRole"):
                builder = owners.get(id(role_thing)) or self._explicit_role(role_thing)
                owners[id(role_thing)] = builder
                self.builders[id(thing)] = builder
            elif role_thing is not None:
                value = to_value(role_thing)
                read.append(replace(function, role_value=value))
                continue
            else:
                builder = self._implicit_role(thing, function)
                owners[id(thing)] = builder
                self.builders[id(thing)] = builder
            read.append(replace(function, role=builder.key))
        self._grants(owners)
        read = self._with_events(made, read)
        self._event_grants(made, read)
        for owner, builder in owners.items():
            thing = next(t for t in self.things if id(t) == owner)
            implicit = self._is_function(thing)
            name = None if implicit else to_value(thing.props.get("roleName"))
            roles.append(builder.role(name=name, place=self._place(thing), implicit=implicit))
        return Deployment(
            template=template,
            kind="cdk-source",
            functions=_with_spellings(read),
            roles=tuple(sorted(roles, key=lambda role: role.key)),
            resources=tuple(self.resources[key] for key in sorted(self.resources)),
            gaps=tuple(dict.fromkeys(self.gaps)),
            assumptions=tuple(f"{k}={v} (default)" for k, v in sorted(self.parameters.items())),
            best_effort=True,
            environment_keys=frozenset(key for f in read for key, _ in f.environment),
            parameters=tuple(sorted(self.parameters.items())),
        )

    def name_things(self) -> None:
        """Give each construct the id it goes by: its construct id, unique where it has to be."""
        taken: dict[str, Thing] = {}
        for thing in self.things:
            kind = construct_type(thing)
            is_parameter = thing.path == "cdk.CfnParameter"
            if imported(thing) is not None or (kind is None and not is_parameter):
                continue
            given = thing.args[1] if len(thing.args) > 1 else thing.props.get("id")
            name = given.literal if isinstance(given, Text) else None
            name = name or (thing.names[0] if thing.names else f"{thing.path}:{thing.line}")
            if name in taken and taken[name] is not thing:
                name = f"{scope_name(thing.scope)}{name}"
            if name in taken:
                name = f"{name}:{thing.line}"
            taken[name] = thing
            thing.identity = name

    # -- resources --

    def _place(self, thing: Thing) -> Location:
        return Location(thing.file, thing.line, thing.end_line)

    def _resource(self, thing: Thing) -> None:
        if thing.path == "cdk.CfnParameter":
            default = thing.props.get("default")
            if isinstance(default, Text) and default.literal is not None and thing.identity:
                self.parameters[thing.identity] = default.literal
            return
        kind = construct_type(thing)
        if kind is None or not thing.identity:
            return
        name = to_value(thing.props.get(kind.cdk_name)) if kind.cdk_name in thing.props else None
        key = next((thing.props[word] for word in _KEYS if word in thing.props), None)
        attributes: list[tuple[str, Value]] = []
        for prop, value in thing.props.items():
            found = to_value(value) if isinstance(value, Text | Member | Thing) else None
            if isinstance(found, Text):
                attributes.append((prop[:1].upper() + prop[1:], found))
        self.resources[thing.identity] = TemplateResource(
            logical_id=thing.identity,
            type=kind.type,
            name=name if isinstance(name, Text) and _worth(name) else None,
            kms_key=_key_value(key),
            location=self._place(thing),
            attributes=tuple(attributes),
        )

    # -- functions --

    def _is_function(self, thing: Thing) -> bool:
        kind = construct_type(thing)
        return kind is not None and kind.type == FUNCTION and bool(thing.identity)

    def _function(self, thing: Thing) -> LambdaFunction:
        props = thing.props
        environment = props.get("environment")
        if thing.path == "lambda.CfnFunction" and isinstance(environment, dict):
            environment = environment.get("variables")
        values: dict[str, Value] = {}
        if isinstance(environment, dict):
            values.update((key, to_value(item)) for key, item in environment.items())
        for call in thing.calls:
            if call.name == "addEnvironment" and len(call.args) > 1:
                key = call.args[0].literal if isinstance(call.args[0], Text) else None
                if key is not None:
                    values[key] = to_value(call.args[1])
        code = self._code(thing)
        name = to_value(props.get("functionName"))
        vpc = props.get("vpc", props.get("vpcConfig"))
        tracing = props.get("tracing", props.get("tracingConfig"))
        dead = props.get("deadLetterQueue", props.get("deadLetterTopic"))
        targets = [self._destination(props.get(word)) for word in ("onSuccess", "onFailure")]
        key = props.get("environmentEncryption", props.get("kmsKeyArn"))
        group = props.get("logGroup")
        layers = props.get("layers")
        aliases = [*thing.names, *code.names]
        if isinstance(name, Text) and name.literal:
            aliases.append(name.literal)
        found = LambdaFunction(
            id=thing.identity,
            template=thing.file,
            location=self._place(thing),
            name=name if isinstance(name, Text) and _worth(name) else None,
            runtime=code.runtime or _runtime(props.get("runtime")),
            handler=code.handler,
            code_root=code.root,
            inline_code=code.inline,
            image=code.image,
            layers=tuple(to_value(item) for item in layers) if isinstance(layers, list) else (),
            environment=tuple(values.items()),
            tracing=_word(tracing) in ("ACTIVE", "PASS_THROUGH"),
            in_vpc=vpc is not None,
            kms_key=_key_value(key),
            dead_letter=None if dead is None else _arn_value(dead),
            destinations=tuple(value for value in targets if value is not None),
            log_group=None if group is None else to_value(group),
            owns_log_group=isinstance(group, Thing) and bool(group.identity),
            edge=thing.path.endswith("EdgeFunction"),
            durable=props.get("durableConfig") is not None,
            construct_path=f"{scope_name(thing.scope)}/{thing.identity}".strip("/"),
            aliases=tuple(dict.fromkeys(word for word in aliases if word != thing.identity)),
        )
        self.functions[thing] = found
        return found

    def _code(self, thing: Thing) -> "_Code":
        props = thing.props
        handler = _literal(props.get("handler"))
        short = thing.path.rpartition(".")[2]
        if short == "NodejsFunction":
            return self._entry(thing, handler or "handler")
        if short == "PythonFunction":
            entry = _literal(props.get("entry"))
            index = (_literal(props.get("index")) or "index.py").removesuffix(".py")
            root = self._folder(entry, thing)
            word = f"{index}.{handler or 'handler'}"
            return _Code(root, word, names=_last(entry))
        if short == "GoFunction":
            entry = _literal(props.get("entry"))
            return _Code(self._folder(entry, thing), "main", "go", names=_last(entry))
        return self._asset(thing, handler)

    def _asset(self, thing: Thing, handler: str | None) -> "_Code":
        code = thing.props.get("code")
        if isinstance(code, dict):
            zipped = _literal(code.get("zipFile"))
            return _Code(None, handler, inline=zipped)
        if not isinstance(code, Thing):
            return _Code(None, handler)
        method = code.path.rpartition(".")[2]
        given = code.args[0] if code.args else code.props.get("path", code.props.get("directory"))
        text = _literal(given)
        if method == "fromInline" or short_inline(code.path):
            return _Code(None, handler, inline=text)
        image = "Image" in method
        if image and text is not None:
            return self._image(code, text, thing)
        root = self._folder(text, thing)
        runtime = _runtime(thing.props.get("runtime"))
        if root is not None and runtime is not None and runtime.startswith(("go", "provided")):
            root = self.project.relative(go_folder(self.project, self.project.root / root, _last_word(text)))
        return _Code(root, handler, image=image, names=_last(text))

    def _image(self, code: Thing, text: str, thing: Thing) -> "_Code":
        root = self._folder(text, thing)
        if root is None:
            return _Code(None, None, image=True)
        file = _literal(code.props.get("file")) or "Dockerfile"
        build = image_build(self.project, self.project.root / root / file)
        command = code.props.get("cmd")
        handler = _literal(command[0]) if isinstance(command, list) and command else None
        word = handler or build.handler
        readable = word is not None and build.runtime is not None
        return _Code(root, word, build.runtime, image=not readable, names=_last(text))

    def _entry(self, thing: Thing, handler: str) -> "_Code":
        entry = _literal(thing.props.get("entry"))
        if entry is None:
            # NodejsFunction looks for `<file of the construct>.<id>.ts` beside that file.
            stem = posixpath.splitext(posixpath.basename(thing.file))[0]
            entry = f"{libraries.ROOT_MARK}{posixpath.dirname(thing.file)}/{stem}.{thing.identity}.ts"
        folder, file = posixpath.split(entry)
        stem = re.sub(r"\.[cm]?[jt]sx?$", "", file)
        root = self._folder(folder or ".", thing, must_hold=file)
        word = handler if "." in handler else f"{stem}.{handler}"
        names = (stem,) if stem != "index" else _last(folder)
        return _Code(root, word, "nodejs", names=names)

    def _folder(self, text: str | None, thing: Thing, must_hold: str | None = None) -> str | None:
        """The folder that an asset path means; relative ones start where the application runs."""
        if text is None:
            return None
        if text.startswith(libraries.ROOT_MARK):
            path = self.project.folder(self.project.root, text.removeprefix(libraries.ROOT_MARK))
            return None if path is None else self.project.relative(path)
        own = self.project.root / posixpath.dirname(thing.file)
        places = [self.app_folder, self.project.root, own, *list(own.parents)[:6]]
        for place in places:
            if not self.project.holds(place):
                continue
            path = Path(posixpath.normpath(f"{place.as_posix()}/{text}"))
            whole = path / must_hold if must_hold is not None else path
            if whole.exists() and self.project.holds(path):
                found = self.project.folder(place, text)
                return None if found is None else self.project.relative(found)
        return None

    def _destination(self, value: Any) -> Value | None:
        if isinstance(value, Thing) and value.args:
            return _arn_value(value.args[0])
        return None

    # -- roles --

    def _implicit_role(self, thing: Thing, function: LambdaFunction) -> RoleBuilder:
        rules: dict[str, Any] = open_maps().table("frameworks")["cdk"]
        key = f"{thing.identity}ServiceRole"
        self.resources[key] = TemplateResource(logical_id=key, type="AWS::IAM::Role")
        builder = RoleBuilder(key, self.resources)
        place = self._place(thing)
        for name in (*rules["managed"], *(rules["vpc"] if function.in_vpc else ())):
            builder.managed(name, "framework", place)
        if function.tracing:
            builder.framework(tuple(rules["tracing"]), ("*",), place)
        for statement in thing.props.get("initialPolicy") or ():
            builder.statement(statement, place, "template")
        return builder

    def _explicit_role(self, role: Thing) -> RoleBuilder:
        builder = RoleBuilder(role.identity or "Role", self.resources)
        place = self._place(role)
        managed = role.props.get("managedPolicies")
        for item in managed if isinstance(managed, list) else ():
            builder.managed_thing(item, place)
        inline = role.props.get("inlinePolicies")
        for item in inline.values() if isinstance(inline, dict) else ():
            builder.document(item, place)
        return builder

    def _grants(self, owners: dict[int, RoleBuilder]) -> None:
        for thing in self.things:
            if "#" in thing.path:
                continue
            for call in thing.calls:
                place = Location(call.file, call.line)
                own = self.builders.get(id(thing)) or owners.get(id(thing))
                if own is not None:
                    self._own_call(own, call, place)
                if call.name.startswith("grant"):
                    self._grant(call, owners, place)
            if thing.path == "iam.Policy":
                self._policy(thing, owners)

    def _own_call(self, builder: RoleBuilder, call: MethodCall, place: Location) -> None:
        name = call.name.replace("?", "").replace("!", "").removeprefix("role.")
        args = call.args
        if name in ("addToRolePolicy", "addToPolicy", "addToPrincipalPolicy") and args:
            builder.statement(args[0], place, "template")
        elif name == "addManagedPolicy" and args:
            builder.managed_thing(args[0], place)
        elif name == "attachInlinePolicy" and args:
            builder.document(args[0], place)

    def _policy(self, thing: Thing, owners: dict[int, RoleBuilder]) -> None:
        roles = thing.props.get("roles")
        for item in roles if isinstance(roles, list) else ():
            owner = item.thing if isinstance(item, Member) else item
            builder = self.builders.get(id(owner)) or owners.get(id(owner))
            if builder is not None:
                builder.document(thing, self._place(thing))

    def _event_grants(self, made: list[Thing], functions: list[LambdaFunction]) -> None:
        """What CDK grants for event sources, the dead-letter queue and destinations."""
        table: dict[str, Any] = open_maps().table("cdk")
        for thing, function in zip(made, functions, strict=True):
            builder = self.builders.get(id(thing))
            if builder is None:
                continue
            for event in function.event_sources:
                method = table["source_grants"].get(event.kind)
                self._event_grant(builder, table["grants"], event.resource, method, event.location)
            for value in (function.dead_letter, *function.destinations):
                if value is not None:
                    for method in ("grantSendMessages", "grantPublish", "grantPutEventsTo", "grantInvoke"):
                        self._event_grant(builder, table["grants"], value, method, function.location)

    def _event_grant(
        self, builder: RoleBuilder, grants: dict[str, Any], value: Value | None, method: str | None, place: Any
    ) -> None:
        part = value.parts[0] if isinstance(value, Text) and len(value.parts) == 1 else None
        resource = self.resources.get(part.logical_id) if isinstance(part, TemplateRef) else None
        if resource is None or method is None or not isinstance(value, Text):
            return
        actions = grants.get(resource.type.replace("GlobalTable", "Table"), {}).get(method)
        if actions:
            builder.framework(tuple(actions), (symbolic_text(value, self.resources),), place)

    def _grant(self, call: MethodCall, owners: dict[int, RoleBuilder], place: Location) -> None:
        grantee = call.args[0] if call.args else call.props.get("grantee", call.props.get("identity"))
        if isinstance(grantee, Member):
            grantee = grantee.thing
        builder = self.builders.get(id(grantee)) or owners.get(id(grantee))
        if builder is not None:
            builder.grant(call, place)

    # -- events --

    def _with_events(self, made: list[Thing], functions: list[LambdaFunction]) -> list[LambdaFunction]:
        events: dict[int, list[EventSource]] = {}
        for thing in self.things:
            self._events_of(thing, events)
        return [
            replace(function, event_sources=tuple(events.get(id(thing), ())))
            for thing, function in zip(made, functions, strict=True)
        ]

    def _events_of(self, thing: Thing, events: dict[int, list[EventSource]]) -> None:
        sources: dict[str, Any] = open_maps().table("cdk")["sources"]
        if thing.path == "lambda.EventSourceMapping":
            self._called(events, thing.props.get("target"), self._mapped(thing.props, thing))
        if thing.path == "events.Rule":
            for target in thing.props.get("targets") or ():
                self._called(events, _target(target), self._rule(thing))
        listed = thing.props.get("events")
        for source in listed if isinstance(listed, list) and self._is_function(thing) else ():
            self._called(events, thing, self._source(source, sources))
        for call in thing.calls:
            first = call.args[0] if call.args else None
            match call.name:
                case "addEventSource":
                    self._called(events, thing, self._source(first, sources))
                case "addEventSourceMapping":
                    self._called(events, thing, self._mapped(call.props, thing))
                case "addEventNotification" | "addObjectCreatedNotification" | "addObjectRemovedNotification":
                    for arg in call.args:
                        own = EventSource(kind="S3", resource=to_value(thing), location=self._place(thing))
                        self._called(events, _target(arg), own)
                case "addSubscription":
                    topic = EventSource(kind="SNS", resource=_arn_value(thing), location=self._place(thing))
                    self._called(events, _target(first), topic)
                case "addTarget" if thing.path == "events.Rule":
                    self._called(events, _target(first), self._rule(thing))
                case "addTrigger":
                    pool = EventSource(kind="Cognito", resource=to_value(thing), location=self._place(thing))
                    self._called(events, call.args[-1] if call.args else None, pool)
                case _:
                    continue

    def _called(self, events: dict[int, list[EventSource]], target: Any, source: EventSource | None) -> None:
        if isinstance(target, Thing) and source is not None and self._is_function(target):
            events.setdefault(id(target), []).append(source)

    def _source(self, value: Any, sources: dict[str, Any]) -> EventSource | None:
        if not isinstance(value, Thing) or value.path not in sources:
            return None
        row = sources[value.path]
        given = value.props.get(row["prop"]) if "prop" in row else None
        given = given if given is not None or not value.args else value.args[0]
        resource = to_value(given) if row["kind"] in ("S3", "Api") else _arn_value(given, row["kind"])
        failure = value.props.get("onFailure")
        return EventSource(
            kind=row["kind"],
            resource=resource,
            on_failure=self._destination(failure),
            location=self._place(value),
        )

    def _mapped(self, props: dict[str, Any], thing: Thing) -> EventSource | None:
        given = props.get("eventSourceArn")
        source = given.thing if isinstance(given, Member) else None
        kind = construct_type(source) if source is not None else None
        word = {"dynamodb": "DynamoDB", "sqs": "SQS", "kinesis": "Kinesis", "kafka": "MSK"}.get(
            kind.service if kind is not None else "", "Stream"
        )
        return EventSource(kind=word, resource=to_value(given), location=self._place(thing))

    def _rule(self, thing: Thing) -> EventSource:
        pattern = thing.props.get("eventPattern")
        value = to_value(pattern) if isinstance(pattern, dict) else None
        extra = (("Pattern", value),) if isinstance(value, MapValue) else ()
        return EventSource(kind="EventBridgeRule", location=self._place(thing), properties=extra)


def _with_spellings(functions: list[LambdaFunction]) -> tuple[LambdaFunction, ...]:
    """Functions under further names that a person may ask for, those that mean one function only.

    A variable `updateOneLambda` is `updateOneFunction` and `updateOne` as well.
    """
    spelled = [
        {
            f"{base}{end}"
            for word in (function.id, *function.aliases)
            if len(base := re.sub(r"(?i)[-_]?(function|lambda|fn|handler)$", "", word)) > 2
            for end in ("", "Function", "Lambda")
        }
        for function in functions
    ]
    taken = [name for names in spelled for name in names]
    taken += [name for function in functions for name in (function.id, *function.aliases)]
    shared = Counter(name for function in functions for name in function.aliases)
    found = []
    for function, names in zip(functions, spelled, strict=True):
        own = {function.id, *function.aliases}
        extra = sorted(name for name in names - own if taken.count(name) == 1)
        kept = tuple(name for name in function.aliases if shared[name] == 1)
        found.append(replace(function, aliases=(*kept, *extra)))
    return tuple(found)


class _Code:
    """Where a function's code is."""

    def __init__(
        self,
        root: str | None,
        handler: str | None,
        runtime: str | None = None,
        *,
        inline: str | None = None,
        image: bool = False,
        names: tuple[str, ...] = (),
    ) -> None:
        self.root = root
        self.handler = handler
        self.runtime = runtime
        self.inline = inline
        self.image = image
        self.names = names


def short_inline(path: str) -> bool:
    """Return whether a code class is inline code (`lambda.InlineCode`)."""
    return path.endswith(("InlineCode", "Code.inline"))


def _target(value: Any) -> Any:
    """The function behind a target, a subscription or a destination."""
    if isinstance(value, Thing) and value.args and construct_type(value) is None:
        return value.args[0]
    return value


def _worth(text: Text) -> bool:
    return not all(isinstance(part, Unresolved) for part in text.parts)


def _literal(value: Any) -> str | None:
    return value.literal if isinstance(value, Text) else None


def _last_word(text: str | None) -> str | None:
    return None if text is None else posixpath.basename(text.rstrip("/"))


def _last(text: str | None) -> tuple[str, ...]:
    word = _last_word(text)
    return (word,) if word and word not in (".", "src", "lambda", "lambdas") else ()


def _word(value: Any) -> str:
    if isinstance(value, External):
        return value.path.rpartition(".")[2]
    return (_literal(value) or "").upper()


def _runtime(value: Any) -> str | None:
    """`lambda.Runtime.NODEJS_20_X` as Lambda spells it."""
    if isinstance(value, Text):
        return value.literal
    word = _word(value)
    if not word or not re.fullmatch(r"[A-Z0-9_]+", word):
        return None
    if word.startswith("NODEJS"):
        number = re.search(r"(\d+)", word)
        return f"nodejs{number[1]}.x" if number else "nodejs"
    if word.startswith("PYTHON"):
        return "python" + word.removeprefix("PYTHON_").replace("_", ".")
    if word.startswith("JAVA"):
        return "java" + word.removeprefix("JAVA_").lower()
    if word == "GO_1_X":
        return "go1.x"
    if word.startswith("PROVIDED"):
        return word.lower().replace("_", ".")
    return word.lower().replace("_", "")


def _key_value(value: Any) -> Value | None:
    if value is None:
        return None
    found = _arn_value(value) if isinstance(value, Thing) else to_value(value)
    text = found.literal if isinstance(found, Text) else None
    return None if text is not None and "alias/aws/" in text else found


def _arn_value(value: Any, kind_word: str = "") -> Value:
    """A construct by its ARN; a table as an event source by its stream's."""
    if isinstance(value, Thing):
        looked_up = imported(value)
        if looked_up is not None:
            return to_value(Member(value, "resourceArn"))
        kind = construct_type(value)
        if kind is not None and value.identity:
            name = "tableStreamArn" if kind_word == "DynamoDB" else "arn"
            return to_value(Member(value, name))
    return to_value(value)
