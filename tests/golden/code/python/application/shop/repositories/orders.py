from ..aws import table


class OrderRepository:
    def __init__(self, name):
        self._table = table(name)

    def add(self, order):
        self._table.put_item(Item=order.as_dict())  # uses: dynamodb:PutItem on table/{SHOP_ORDERS_TABLE}

    def never(self):
        self._table.delete()
