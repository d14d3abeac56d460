"""Interpretation of trained neural networks, as JAX functions that jit, vmap and shard.

>>> import interp_jax
>>> interp_jax.kernels.jumps.log_posterior.__name__
'log_posterior'
"""

import lazy_loader

__version__ = "0.1.0"
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
