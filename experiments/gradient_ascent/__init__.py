"""Inputs that maximize the classes of a network, by gradient ascent (Chen 2017, chapter 5).

Time: quick 89 s of CPU time, paper about 5 minutes on two CPU cores.
"""
