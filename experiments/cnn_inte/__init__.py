"""A tree over the clusters of a hidden layer that explains what it decides, and how faithful that is (Liu et al. 2018).

Time: quick a few minutes, paper about half an hour, both on two CPU cores.
"""
