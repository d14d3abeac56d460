"""Differences between the hidden layers of learning and of memorizing networks (Chen 2017, chapter 6).

Time: quick under 2 minutes, paper about 15, both on two CPU cores.
"""
