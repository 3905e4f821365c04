class OrderCreated:
    def __init__(self, orders):
        self.orders = orders

    def __call__(self, event):
        self.orders.put({"id": {"S": event["id"]}})
