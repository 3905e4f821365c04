"""Usage, current role and coverage to one verdict per permission."""
