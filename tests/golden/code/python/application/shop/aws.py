import boto3

_clients = {}


def client(name):
    if name not in _clients:
        _clients[name] = boto3.client(name)
    return _clients[name]


def table(name):
    return boto3.resource("dynamodb").Table(name)
