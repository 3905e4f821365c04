"""Decisions to policies and permissions boundaries."""
