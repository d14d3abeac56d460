"""Deep perceptrons that start at the identity, read layer by layer (after Kubota et al. 2021).

Time: quick 53 s of CPU time, paper under an hour on two CPU cores.
"""
