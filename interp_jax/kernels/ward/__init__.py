"""Ward's hierarchical clustering: one tree of any size, many small trees at once, and a check of a tree."""

from interp_jax.kernels.ward._linkage import linkage
from interp_jax.kernels.ward._tree import tree
from interp_jax.kernels.ward._verify import Verification, verify

__all__ = ["Verification", "linkage", "tree", "verify"]
