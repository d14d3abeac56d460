"""k-means: several starts and many lanes at once, seeded by greedy k-means++."""

from interp_jax.kernels.kmeans._lloyd import Clustering, kmeans

__all__ = ["Clustering", "kmeans"]
