"""What keeps networks from memorizing, what it costs them, and how memorizing differs from learning (Chen 2017).

Time: quick under 2 minutes of computing; paper on digits 11 minutes of one CPU core, on MNIST, with shorter trainings,
57, and on jumps 103.
"""
