"""Whether a shallow decision tree explains this network or any network of these data, where networks disagree.

Time: quick about two minutes on two CPU cores; paper with MNIST two hours and twenty minutes on one core.
"""
