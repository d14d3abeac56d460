"""Networks with a narrow hidden layer, and embeddings of classes in few dimensions (Chen 2017, chapter 4).

Time: quick under 2 minutes, paper about half an hour, both on two CPU cores.
"""
