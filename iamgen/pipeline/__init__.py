"""The journey of the data: the only place that knows the order of the stages. Read `suggest.py` first."""
