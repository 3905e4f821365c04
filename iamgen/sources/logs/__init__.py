"""Log sources: what functions did."""
