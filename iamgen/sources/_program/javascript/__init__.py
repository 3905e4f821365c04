"""What belongs to JavaScript in the analysis: its SDKs, its libraries, its built-in values."""
