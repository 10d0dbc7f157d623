"""The command line of tradectl: it parses, calls the SDK and prints."""

__version__ = "0.1.0"
