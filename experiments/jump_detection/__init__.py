"""Networks that locate a jump in a noisy signal, compared with the exact optimum (Chen 2017, chapter 3).

Time: quick 99 s of CPU time, paper about 10 minutes on two CPU cores.
"""
