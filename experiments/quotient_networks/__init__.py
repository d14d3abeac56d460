"""Networks in which every cluster of hidden units is one unit, and what else decides the claims on such clusters.

Time: quick a minute; paper on MNIST 28 minutes of one CPU core, on prices 38 minutes
and on digits 5 of two.
"""
