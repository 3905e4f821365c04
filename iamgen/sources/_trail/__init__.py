"""Shared by the log sources: one record of CloudTrail, and the tally of many."""
