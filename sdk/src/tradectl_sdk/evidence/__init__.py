"""Statistics that say when to stop believing a backtest: functions of arrays, nothing else.

Whatever draws at random takes a seed and gives the same numbers for it again. No function skips a
missing value: NaN and infinities are refused with a UsageError or, in scalars, give NaN.
"""
