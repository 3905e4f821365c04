"""Makes the builders in this folder importable from all unit tests."""
