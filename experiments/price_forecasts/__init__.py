"""Whether the network of prices that is interpreted forecasts them, and the tree of one that does better.

Time: quick 22 s of CPU time, paper about 4 minutes, of one CPU core.
"""
