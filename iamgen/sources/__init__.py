"""Bytes to observations: code, logs, templates, current roles."""
