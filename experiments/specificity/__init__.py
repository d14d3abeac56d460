"""Whether a shallow decision tree explains this network or any network of these data, where networks disagree.

Time: quick about two minutes on two CPU cores; paper some two hours, most of it for training 24 networks.
"""
