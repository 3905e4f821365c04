"""Several modules: factories, configuration objects, relative and lazy imports."""

from shop.container import build


def handler(event, context):
    return build().handle(event)
