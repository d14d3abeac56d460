"""Networks that locate a jump in a noisy signal, compared with the exact optimum (Chen 2017, chapter 3).

Time: quick under 2 minutes, paper about 10 minutes, both on two CPU cores.
"""
