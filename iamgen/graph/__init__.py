"""Facts to what each function and role is used for."""
