"""Whether the network of prices that is interpreted forecasts them, and the tree of one that does better.

Time: quick TODO, paper TODO.
"""
