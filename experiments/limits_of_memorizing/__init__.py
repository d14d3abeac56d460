"""What keeps networks from memorizing, what it costs them, and how memorizing differs from learning (Chen 2017).

Time: quick under 2 minutes of computing; paper on jumps about 110 minutes and on MNIST, with shorter trainings, 70 of
both cores' computing (estimated from single epochs).
"""
