"""How networks that learn differ inside from networks that memorise (Chen 2017, chapter 6).

Time: quick about 3 minutes on two CPU cores.
"""
