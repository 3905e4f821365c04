import boto3


def remove_user(event):
    boto3.client("cognito-idp").admin_delete_user(UserPoolId="eu-west-1_abc", Username=event["name"])  # uses: cognito-idp:AdminDeleteUser on userpool/eu-west-1_abc
