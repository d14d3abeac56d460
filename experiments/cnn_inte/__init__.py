"""A decision tree over clusters of a hidden layer, and its fidelity to the network (Liu et al. 2018).

Time: quick 138 s of CPU time, paper about half an hour on two CPU cores.
"""
