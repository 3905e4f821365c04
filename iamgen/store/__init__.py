"""What is kept between runs: usage in SQLite."""
