"""A decision tree over clusters of a hidden layer, and its fidelity to the network (Liu et al. 2018).

Time: quick a few minutes, paper about half an hour, both on two CPU cores.
"""
