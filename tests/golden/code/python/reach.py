"""Only what the handler reaches counts."""

import boto3

sqs = boto3.client("sqs")
unused = boto3.client("iam")


def dead():
    unused.create_user(UserName="x")


def helper(name):
    return boto3.client("s3").get_object(Bucket=name, Key="k")  # uses: s3:GetObject on a/k; s3:GetObject on b/k


def deco(f):
    def inner(*args, **kwargs):
        sqs.list_queues()  # uses: sqs:ListQueues on *
        return f(*args, **kwargs)

    return inner


@deco
def decorated(bucket):
    helper(bucket)


def fail():
    raise ValueError
    unused.delete_user(UserName="x")


def handler(event, context):
    helper("a")
    decorated("b")
    if False:
        unused.list_users()
    try:
        fail()
    except ValueError:
        sqs.purge_queue(QueueUrl="https://sqs.eu-west-1.amazonaws.com/1/q")  # uses: sqs:PurgeQueue on q
    return None
    unused.list_roles()


if __name__ == "__main__":
    unused.list_groups()
