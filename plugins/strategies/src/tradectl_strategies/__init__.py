"""Reference strategies for tradectl."""
