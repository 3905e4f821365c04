"""Clients made in one place."""

import boto3


def client(name):
    return boto3.client(name)
