"""A proposal and the user's template to text edits."""
