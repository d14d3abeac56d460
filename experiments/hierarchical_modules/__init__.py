"""Clusters of hidden units with the same role, as a tree (Watanabe 2018, arXiv:1810.01588).

Time: quick under 2 minutes, paper 2 to 8 minutes for each data set, both on two CPU cores.
"""
