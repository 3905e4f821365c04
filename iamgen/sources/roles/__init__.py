"""Places of current roles: what roles may do."""
