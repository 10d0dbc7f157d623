"""Channels and streams over ZeroMQ, between processes and machines."""
