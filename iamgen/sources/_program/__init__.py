"""One analysis for all languages over a small common form."""
