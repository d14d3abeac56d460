"""Ward's hierarchical clustering: one tree of any size, many small trees at once, and the check of a tree."""

# Not lazy: a function that shares its module's name would be replaced by the module once that is imported by path.
from interp_jax.kernels.ward.linkage import linkage
from interp_jax.kernels.ward.tree import tree
from interp_jax.kernels.ward.verify import Verification, verify

__all__ = ["Verification", "linkage", "tree", "verify"]
