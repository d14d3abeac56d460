"""What keeps networks from memorizing, what it costs them, and how memorizing is told from learning (Chen 2017).

Time: quick about 90 seconds of computing; paper on jumps about 3 hours, on MNIST with the flags of its kept run about
2, both estimated from single epochs.
"""
