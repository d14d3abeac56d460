"""Core units with a guarantee for new rows, and the paper's objective as published (after Yan & Feng 2018).

Time: quick 75 s of CPU time; MNIST several hours on two CPU cores.
"""
