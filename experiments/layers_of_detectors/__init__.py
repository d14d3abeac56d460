"""What each layer of a network that locates a jump does, beside controls (Chen 2017, chapters 3, 4, 5 and 7).

Time: quick a minute and a half of CPU time; paper 50 minutes on one core.
"""
