from .orders import OrderRepository
from .audit import AuditRepository

__all__ = ["OrderRepository", "AuditRepository"]
