"""What the claims of the five papers are worth: each with its number, the control, and a verdict decided by a rule.

Time: seconds, from kept runs.
"""
