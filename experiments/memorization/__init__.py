"""Differences between the hidden layers of learning and of memorizing networks (Chen 2017, chapter 6).

Time: quick 65 s of CPU time, paper about 15 minutes on two CPU cores.
"""
