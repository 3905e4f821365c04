import os
from pathlib import Path

from aws_cdk import Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sns as sns
from constructs import Construct

HANDLERS = Path(__file__).parent.parent / "handlers"


class ShopStack(Stack):
    def __init__(self, scope: Construct, construct_id: str, *, prefix: str, **kwargs) -> None:
        super().__init__(scope, construct_id, **kwargs)
        self.topic = sns.Topic(self, "Orders", topic_name=f"{prefix}-orders")
        secret = secretsmanager.Secret.from_secret_name_v2(self, "Imported", "shop/db")
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            managed_policies=[
                iam.ManagedPolicy.from_aws_managed_policy_name("service-role/AWSLambdaBasicExecutionRole")
            ],
        )
        role.add_to_policy(iam.PolicyStatement(actions=["sns:Publish"], resources=[self.topic.topic_arn]))
        notify = self._function("Notify", role=role)
        notify.add_environment("TOPIC", self.topic.topic_arn)
        notify.add_environment("SECRET", secret.secret_name)
        notify.add_environment("LEVEL", os.environ.get("LEVEL", "info"))
        secret.grant_read(notify)
        rule = events.Rule(self, "Nightly")
        rule.add_target(targets.LambdaFunction(notify))

    def _function(self, name: str, **options) -> lambda_.Function:
        return lambda_.Function(
            self,
            name,
            runtime=lambda_.Runtime.PYTHON_3_13,
            handler=f"{name.lower()}.handler",
            code=lambda_.Code.from_asset(str(HANDLERS)),
            **options,
        )
