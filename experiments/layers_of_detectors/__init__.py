"""What each layer of a network that locates a jump does, beside controls (Chen 2017, chapters 3, 4, 5 and 7).

Time: quick a minute and a half of CPU time; paper not run yet, about 95 minutes by the time of an epoch.
"""
