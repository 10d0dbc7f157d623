"""The trade's vocabulary as immutable values; knows nothing of files, network or clock."""
