"""Which units of a layer a class needs: the fewest that keep its decisions, after Yan & Feng.

Time: under two minutes for digits on two CPU cores; MNIST about an hour and a half, most of it for the first layer.
"""
