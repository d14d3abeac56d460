"""What each layer of a network that locates a jump does, beside controls (Chen 2017, chapters 3, 4, 5 and 7).

Time: quick a minute and a half of CPU time, paper about an hour and a quarter (not run yet; from the time of an epoch).
"""
