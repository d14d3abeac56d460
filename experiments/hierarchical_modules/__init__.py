"""Clusters of hidden units with the same role, as a tree (Watanabe 2018, arXiv:1810.01588).

Time: quick 68 s of CPU time, paper 2 to 12 minutes for each data set on one.
"""
