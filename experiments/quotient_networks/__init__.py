"""Networks in which every cluster of hidden units is one unit, and what else decides the claims on such clusters.

Time: quick a minute; paper about 20 minutes for MNIST, 10 for prices and 5 for digits, of one CPU core.
"""
