"""Deep perceptrons that start at the identity, read layer by layer (after Kubota et al. 2021).

Time: quick about two to four minutes, paper under an hour, both on two CPU cores.
"""
