"""What keeps networks from memorizing, what it costs them, and how memorizing differs from learning (Chen 2017).

Time: quick 71 s of CPU time; paper, on one core, 11 minutes on digits, 57 on MNIST, shortened, 103 on jumps.
"""
