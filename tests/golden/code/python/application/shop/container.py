from shop.config import settings
from shop.repositories import OrderRepository, AuditRepository
from .service import OrderService


def build():
    return OrderService(OrderRepository(settings.orders_table), AuditRepository(settings))
