"""Layers of an application: container, bus, unit of work, plug-ins found by name."""

from core.container import Container
from handlers import orders, users

container = Container()
bus = container.bus
bus.register("order.created", orders.OrderCreated(container.orders))
bus.register("user.removed", users.remove_user)


def handler(event, context):
    for record in event["Records"]:
        bus.dispatch(record["type"], record)
