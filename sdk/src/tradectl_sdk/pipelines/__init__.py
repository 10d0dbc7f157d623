"""What people run: each pipeline composes the rooms below it in a page of code.

The command line calls these and prints; a bot calls the same functions.
"""
