"""A result as text, one module per form."""
