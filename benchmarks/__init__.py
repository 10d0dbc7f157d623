"""Side by side with other engines: the same work, checked for the same result, then timed."""
