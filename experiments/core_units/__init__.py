"""The smallest set of a layer's units that preserves the decisions for a class (Yan & Feng 2018).

Time: quick 131 s of CPU time; MNIST and CIFAR-10 several hours on two CPU cores, mostly for the first layer.
"""
