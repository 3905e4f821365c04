class OrderService:
    def __init__(self, orders, audit):
        self.orders = orders
        self.audit = audit

    def handle(self, event):
        from .domain.order import Order

        order = Order.parse(event)
        self.orders.add(order)
        self.audit.write(order.text)
