"""What keeps networks from memorizing, what it costs them, and how memorizing differs from learning (Chen 2017).

Time: quick 71 s of CPU time; paper on digits 11 minutes of one CPU core, on MNIST, with shorter trainings,
57, and on jumps 103.
"""
