import boto3

_KINDS = {}


def kind(name):
    def register(cls):
        _KINDS[name] = cls
        return cls

    return register


class Storage:
    client = boto3.client("dynamodb")

    def __init__(self, table):
        self.table = table

    def put(self, item):
        return self._call("put_item", Item=item)

    def _call(self, operation, **kwargs):
        return getattr(self.client, operation)(TableName=self.table, **kwargs)  # uses: dynamodb:PutItem on table/{LARGE_ORDERS}; dynamodb:PutItem on table/{STAGE_NAME}-audit


@kind("orders")
class Orders(Storage):
    pass


@kind("audit")
class Audit(Storage):
    def unused(self):
        return self._call("delete_table")


def make(name, settings):
    return _KINDS[name](settings[name])
