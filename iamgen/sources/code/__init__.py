"""Front ends: one language's syntax lowered to the common form."""
