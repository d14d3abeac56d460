"""A tree over the clusters of a hidden layer that explains what it decides, and how faithful that is (Liu et al. 2018).

Time: quick two minutes, paper about half an hour on two CPU cores.
"""
