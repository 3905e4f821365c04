"""The first iamgen.toml: every table explained, with the functions that were found."""

from iamgen.model.function import Deployment
from iamgen.outputs._escape import visible

_HEAD = """\
# iamgen.toml: what iamgen is told about this project. `iamgen suggest --help` has every long option; each can stand
# in [project] under its own name. An unknown key is an error that names the near one.

[project]
# The phase of your rollout: observe and suggest never fail `iamgen check`, gate and evidence fail it on errors.
mode = "observe"
# account = "123456789012"
# region = "eu-central-1"
# stack-name = "orders-prod"
# logs = ["usage.json"]          # a usage snapshot (`iamgen logs export -o usage.json`), a folder, s3://…
# current = ["role.json"]        # the roles as they are; without it the template's
# min-window = "90d"             # how long a log must reach back before silence counts
# trust = "code"                 # `both`: only code and log together remove a permission
"""

_TAIL = """
# What a person decides, with reason, owner and expiry. It survives every run.
# [[function]]
# match = "*"
# keep = [{ action = "s3:ListBucket", resource = "arn:aws:s3:::backup", reason = "restore drill", owner = "ops", expires = 2027-06-30 }]
# deny = []
# extra = []

# A finding that is accepted; at most 365 days.
# [[suppress]]
# id = "wildcard"
# function = "order-*"
# action = "xray:*"
# resource = "*"
# reason = "X-Ray has no resources"
# owner = "platform"
# expires = 2027-06-30

# What a call that could not be worked out calls: boto3 client and operation, or "none".
# [[hint]]
# path = "src/legacy.py"
# function = "*"
# text = "getattr(client, name)"
# calls = ["sqs:SendMessage"]

# An invariant that `iamgen check` proves for every role.
# [[forbid]]
# actions = ["iam:*"]
# resources = ["*"]

[boundary]
headroom = "service"

[drift]
history = ".iamgen/history"
max-age = "90d"
"""


def init_file(deployments: tuple[Deployment, ...]) -> str:
    """Return the text of the file."""
    lines = ["", "# Found here:"]
    for deployment in deployments:
        lines.append(f"#   {visible(deployment.template)} ({deployment.kind})")
        lines.extend(
            f"#     {visible(one.id)}  {visible(one.runtime or 'unknown runtime')}" for one in deployment.functions
        )
    if len(lines) == 2:
        lines.append("#   no template; name one with --template, or a log with --logs")
    return _HEAD + "\n".join(lines) + "\n" + _TAIL
