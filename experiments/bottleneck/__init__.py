"""Networks with a narrow hidden layer, and embeddings of classes in few dimensions (Chen 2017, chapter 4).

Time: quick 72 s of CPU time, paper about half an hour on two CPU cores.
"""
