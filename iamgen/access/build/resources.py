"""The boto3 resource interface as data: actions, collections, loads, waiters, sub-resources, batch actions."""

import json
import re
from pathlib import Path
from typing import Any

from iamgen.access.build.models import Service
from iamgen.access.build.write import dump

SCHEMA = 1


def resource_text(services: list[Service]) -> str:
    """Return the file of the boto3 resources: one resource class per line."""
    import boto3

    data = Path(boto3.__file__).parent / "data"
    newest = {path.parent.parent.name: path for path in sorted(data.glob("*/*/resources-1.json"))}
    by_name = {service.name: service for service in services}
    blocks = []
    for name, path in sorted(newest.items()):
        definitions = json.loads(path.read_bytes())
        classes = _classes(name, definitions, by_name[name])
        lines = ",\n".join(f"{dump(key)}:{dump(classes[key])}" for key in sorted(classes))
        blocks.append(f"{dump(name)}:{{\n{lines}\n}}")
    return f'{{"schema":{SCHEMA},"services":{{\n' + ",\n".join(blocks) + "\n}}\n"


def _classes(service: str, definitions: dict[str, Any], sdk: Service) -> dict[str, Any]:
    from boto3.resources.model import ResourceModel

    shapes = _shapes(service)
    resources = definitions["resources"]
    made = {"": _class(service, definitions["service"], resources, sdk, ResourceModel, shapes)}
    for name, definition in resources.items():
        made[name] = _class(name, definition, resources, sdk, ResourceModel, shapes)
    return made


def _shapes(service: str) -> Any:
    import botocore.session

    return botocore.session.get_session().get_service_model(service)


def _class(
    name: str,
    definition: dict[str, Any],
    resources: dict[str, Any],
    sdk: Service,
    model_class: Any,
    service_model: Any,
) -> dict[str, Any]:
    model = model_class(name, definition, resources)
    shape = service_model.shape_for(model.shape) if model.shape else None
    model.load_rename_map(shape)
    identifiers = [each.name for each in model.identifiers]
    made: dict[str, Any] = {"identifiers": identifiers}
    if model.load:
        made["load"] = _call(model.load, identifiers)
    attributes = sorted(model.get_attributes(shape)) if shape is not None else []
    if attributes and model.load:
        made["attributes"] = attributes
    actions = {each.name: _call(each, identifiers) for each in model.actions}
    batch = {each.name: _call(each, identifiers) for each in model.batch_actions}
    collections = {each.name: _collection(each, identifiers, resources, model_class) for each in model.collections}
    waiters = {
        each.name: {
            "waiter": each.waiter_name,
            "operation": _waiter_operation(sdk.name, each.waiter_name),
            "bind": _bind(each.params, identifiers),
        }
        for each in model.waiters
    }
    parts = {each.name: _sub(each, identifiers) for each in (*model.subresources, *model.references)}
    for key, value in (
        ("actions", actions),
        ("batch", batch),
        ("collections", collections),
        ("waiters", waiters),
        ("parts", parts),
    ):
        if value:
            made[key] = dict(sorted(value.items()))
    return made


def _waiter_operation(service: str, waiter: str) -> str:
    import botocore.loaders

    model = botocore.loaders.Loader().load_service_model(service, "waiters-2")["waiters"]
    return str(model[waiter]["operation"])


def _call(action: Any, identifiers: list[str]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "operation": action.request.operation,
        "bind": _bind(action.request.params, identifiers),
    }
    if action.resource:
        made["returns"] = action.resource.type
        made["identifiers"] = _identifiers(action.resource.identifiers, identifiers)
    return made


def _collection(collection: Any, identifiers: list[str], resources: dict[str, Any], model_class: Any) -> dict[str, Any]:
    item = collection.resource
    model = model_class(item.type, resources.get(item.type, {}), resources)
    own = [each.name for each in model.identifiers]
    return {
        "operation": collection.request.operation,
        "bind": _bind(collection.request.params, identifiers),
        "item": item.type,
        "identifiers": _identifiers(item.identifiers, identifiers),
        "batch": {each.name: _call(each, own) for each in model.batch_actions},
    }


def _sub(part: Any, identifiers: list[str]) -> dict[str, Any]:
    return {
        "type": part.resource.type,
        "identifiers": _identifiers(part.resource.identifiers, identifiers),
    }


def _identifiers(rows: Any, identifiers: list[str]) -> dict[str, str]:
    """Return identifier -> where its value comes from; `arg` for the caller, in order."""
    made, position = {}, 0
    for row in rows:
        name = _snake(row.target)
        if row.source == "identifier":
            made[name] = _self(_snake(row.name), identifiers)
        elif row.source == "input":
            made[name] = f"arg:{position}:{name}"
            position += 1
        elif row.source == "requestParameter":
            made[name] = f"request:{row.path}"
        else:
            made[name] = f"{row.source}:{row.path or ''}"
    return made


def _bind(params: Any, identifiers: list[str]) -> dict[str, str]:
    made = {}
    for each in params:
        if each.source == "identifier":
            made[each.target.replace("[*]", "[]")] = _self(_snake(each.name), identifiers)
        elif each.source in ("string", "integer", "boolean"):
            made[each.target.replace("[*]", "[]")] = f"const:{each.value}"
        else:
            made[each.target.replace("[*]", "[]")] = f"{each.source}:{each.path or ''}"
    return dict(sorted(made.items()))


def _self(name: str, identifiers: list[str]) -> str:
    return f"self:{identifiers.index(name) if name in identifiers else ''}:{name}"


def _snake(name: str) -> str:
    from botocore import xform_name

    return str(xform_name(name))


def client_text(services: list[Service]) -> str:
    """Return the file of client waiters and paginators: snake_case name -> operation, one service per line."""
    import botocore.loaders
    from botocore import xform_name

    loader = botocore.loaders.Loader()
    loader.search_paths[:] = [loader.BUILTIN_DATA_PATH]
    with_waiters = set(loader.list_available_services("waiters-2"))
    lines = []
    for service in services:
        if service.name in with_waiters:
            model = loader.load_service_model(service.name, "waiters-2")["waiters"]
            waiters = {xform_name(name): row["operation"] for name, row in sorted(model.items())}
            lines.append(f"{dump(service.name)}:{dump(waiters)}")
    body = ",\n".join(lines)
    return f'{{"schema":{SCHEMA},"waiters":{{\n{body}\n}}}}\n'


_TITLES = {
    "CognitoIdentityProvider": "CognitoIdentityServiceProvider",
    "LexRuntimeService": "LexRuntime",
    "LexModelBuildingService": "LexModelBuildingService",
    "SESV2": "SESV2",
}
"""Class names of the JavaScript SDK v2 that are not made of the title."""


def names_text(services: list[Service]) -> str:
    """Return the file of client names in other SDKs, each ecosystem one object, one name per line."""
    tables: dict[str, dict[str, str]] = {key: {} for key in ("javascript", "javascript_v2", "go", "java", "java_v1")}
    for service in services:
        words = re.sub(r"[^A-Za-z0-9 ]", " ", service.service_id).split()
        joined = "".join(words).lower()
        tables["javascript"]["client-" + "-".join(words).lower()] = service.name
        tables["go"][joined] = service.name
        tables["java"][joined] = service.name
        title = re.sub(r"\W", "", re.sub(r"^(Amazon|AWS)\s*", "", service.title))
        tables["javascript_v2"].setdefault(_TITLES.get(title, title), service.name)
        tables["java_v1"].setdefault(re.sub(r"\W", "", service.endpoint_prefix), service.name)
        tables["java_v1"][joined] = service.name
        tables["go"].setdefault(re.sub(r"\W", "", service.endpoint_prefix), service.name)
        tables["go"].setdefault(title.lower(), service.name)
    blocks = [
        f"{dump(name)}:{{\n" + ",\n".join(f"{dump(key)}:{dump(table[key])}" for key in sorted(table)) + "\n}"
        for name, table in tables.items()
    ]
    return f'{{"schema":{SCHEMA},\n' + ",\n".join(blocks) + "}\n"
