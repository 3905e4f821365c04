"""Least privilege for AWS Lambda: code, template and log in; the smallest role that works out."""

__version__ = "0.1.0"
