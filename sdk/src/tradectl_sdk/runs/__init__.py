"""What a run left behind: its records, metrics, identity and comparison with other runs."""
