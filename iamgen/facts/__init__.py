"""Observations and access maps to usage facts and gaps."""
