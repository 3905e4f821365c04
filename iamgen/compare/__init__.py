"""Now against next: differences, risk, proof, drift."""
