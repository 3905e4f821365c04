"""Terraform configurations and plans, read without running Terraform."""
