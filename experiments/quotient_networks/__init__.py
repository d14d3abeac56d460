"""Networks in which every cluster of hidden units is one unit, and what else decides the claims on such clusters.

Time: quick a minute; paper not run yet, by the times of its parts about 20 minutes of one
CPU core for MNIST, 10 for prices and 5 for digits.
"""
