"""Policies and requests for the laws: few actions, resources and keys, so that they meet each other often."""

from hypothesis import strategies as st

from iamgen.model.condition import Condition
from iamgen.model.diff import Request
from iamgen.model.policy import Policy, Statement
from iamgen.semantics.layers import Layers
from iamgen.semantics.universe import Universe

OBJECT = ("arn:${Partition}:s3:::${BucketName}/${ObjectName}",)
UNIVERSE = Universe.of(
    {
        "s3:GetObject": ("Read", OBJECT),
        "s3:PutObject": ("Write", OBJECT),
        "s3:ListBucket": ("List", ("arn:${Partition}:s3:::${BucketName}",)),
        "s3:ListAllMyBuckets": ("List", ("*",)),
        "sqs:SendMessage": ("Write", ("arn:${Partition}:sqs:${Region}:${Account}:${QueueName}",)),
        "iam:PassRole": ("Write", ("arn:${Partition}:iam::${Account}:role/${RoleName}",)),
    },
    frozenset({"BucketName"}),
)
ACTIONS = ("*", "s3:*", "s3:Get*", "s3:GetObject", "s3:PutObject", "s3:List*", "sqs:SendMessage", "iam:PassRole")
RESOURCES = (
    "*",
    "arn:aws:s3:::b",
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::b*",
    "arn:aws:s3:::b/x",
    "arn:aws:s3:::b/?",
    "arn:aws:s3:::*/x",
    "arn:aws:s3:::b/*x*",
    "arn:*:s3:::b/*",
    "arn:aws:sqs:us-east-1:1:q",
    "arn:aws:sqs:*:1:*",
    "arn:aws:iam::1:role/*",
    "arn:aws:s3:::b/${aws:username}/*",
)
CONDITIONS = (
    Condition("StringEquals", "aws:K", ("a",)),
    Condition("StringEquals", "aws:K", ("a", "b")),
    Condition("StringLike", "aws:K", ("a*",)),
    Condition("StringNotEquals", "aws:K", ("a",)),
    Condition("StringEquals", "aws:K", ("a",), if_exists=True),
    Condition("Null", "aws:K", ("true",)),
    Condition("NumericLessThan", "aws:N", ("10",)),
    Condition("NumericGreaterThanEquals", "aws:N", ("10",)),
    Condition("IpAddress", "aws:SourceIp", ("10.0.0.0/8",)),
    Condition("NotIpAddress", "aws:SourceIp", ("10.1.0.0/16",)),
    Condition("Bool", "aws:S", ("true",)),
    Condition("Bool", "aws:S", ("false",), if_exists=True),
    Condition("StringEquals", "aws:TagKeys", ("a", "b"), "ForAllValues"),
    Condition("StringNotEquals", "aws:TagKeys", ("a",), "ForAnyValue"),
    Condition("ArnLike", "aws:SourceArn", ("arn:aws:sns:*:*:t*",)),
)
CONTEXT = {
    "aws:K": (("a",), ("b",), ("ab",), ("c",)),
    "aws:N": (("9",), ("10",), ("11",)),
    "aws:SourceIp": (("10.0.0.1",), ("10.1.0.1",), ("11.0.0.1",), ("::1",)),
    "aws:S": (("true",), ("false",)),
    "aws:TagKeys": (("a",), ("b",), ("a", "b"), ("a", "c")),
    "aws:SourceArn": (("arn:aws:sns:us-east-1:1:t1",), ("arn:aws:sns:us-east-1:1:x",)),
    "aws:username": (("x",), ("bob",)),
}
REQUESTED = {
    "s3:GetObject": ("arn:aws:s3:::b/x", "arn:aws:s3:::b/xy", "arn:aws:s3:::c/x", "arn:aws:s3:::b/bob/k"),
    "s3:ListBucket": ("arn:aws:s3:::b", "arn:aws:s3:::bc"),
    "s3:ListAllMyBuckets": ("*",),
    "sqs:SendMessage": ("arn:aws:sqs:us-east-1:1:q", "arn:aws:sqs:eu-west-1:2:q"),
    "iam:PassRole": ("arn:aws:iam::1:role/r", "arn:aws:iam::2:role/r"),
}


def _some(options):
    return st.lists(st.sampled_from(options), min_size=1, max_size=3, unique=True).map(tuple)


@st.composite
def statements(draw, effects=("Allow", "Allow", "Allow", "Deny")):
    fields = {"effect": draw(st.sampled_from(effects))}
    negated = st.integers(0, 9).map(lambda number: number == 0)
    fields["not_actions" if draw(negated) else "actions"] = draw(_some(ACTIONS))
    fields["not_resources" if draw(negated) else "resources"] = draw(_some(RESOURCES))
    if draw(st.integers(0, 2)) == 0:
        chosen = draw(_some(CONDITIONS))
        fields["conditions"] = tuple({(c.name, c.key): c for c in chosen}.values())
    return Statement(**fields)


def policies(**options):
    return st.lists(statements(**options), max_size=4).map(lambda found: Policy(tuple(found)))


@st.composite
def layers(draw):
    return Layers(
        identity=tuple(draw(st.lists(policies(), min_size=1, max_size=2))),
        boundary=draw(st.one_of(st.none(), st.none(), policies())),
        session=draw(st.one_of(st.none(), st.none(), st.none(), policies())),
        scps=draw(st.one_of(st.just(()), st.just(()), policies().map(lambda one: ((one,),)))),
    )


@st.composite
def requests(draw):
    action = draw(st.sampled_from(sorted(REQUESTED)))
    context = {}
    for key, options in CONTEXT.items():
        value = draw(st.sampled_from((None, *options)))
        if value is not None:
            context[key] = value
    return Request(
        action=action,
        resource=draw(st.sampled_from(REQUESTED[action])),
        context=tuple(sorted(context.items())),
    )
