"""Networks in which every cluster of hidden units is one unit, and what else decides the claims on such clusters.

Time: quick TODO, paper TODO.
"""
