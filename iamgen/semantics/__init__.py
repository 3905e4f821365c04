"""What a policy means: evaluation, and comparison with proof or witness."""
