"""Paper and live sessions, put together from nodes, an exchange, a strategy and settings."""
