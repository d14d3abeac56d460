"""Clusters of hidden units with the same role, as a tree (Watanabe 2018, arXiv:1810.01588).

Time: quick under 2 minutes on two CPU cores, paper 2 to 12 minutes for each data set on one.
"""
