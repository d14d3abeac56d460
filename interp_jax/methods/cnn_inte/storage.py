"""Reading explainers from files, each array checked: a damaged or crafted file is refused."""

from pathlib import Path
from typing import Any

import numpy as np

from interp_jax._checks import describe
from interp_jax._files import read_arrays
from interp_jax.methods._pooling import POOLS
from interp_jax.methods.cnn_inte._rows import Scaling
from interp_jax.methods.cnn_inte.factors import READINGS
from interp_jax.methods.cnn_inte.leaves import VOTES
from interp_jax.methods.cnn_inte.model import ARRAYS, FORMAT, PARTS, Explainer
from interp_jax.methods.cnn_inte.tree import LEAF

READ = (2, 3, 4, FORMAT)  # 2 has no number of features; 2 and 3 neither scaling nor labels of classes

# The kinds of type and the axes of every array, in an order in which an axis first occurs where it is decided.
AXES = {
    "factors.centers": ("f", "factors ids coordinates"),
    "factors.of_unit": ("iu", "units"),
    "tree.factor": ("iu", "nodes"),
    "tree.goes_left": ("b", "nodes ids"),
    "tree.left": ("iu", "nodes"),
    "tree.right": ("iu", "nodes"),
    "tree.share": ("f", "nodes classes"),
    "tree.rows": ("iu", "nodes"),
    "forests.feature": ("iu", "factors trees places"),
    "forests.threshold": ("f", "factors trees places"),
    "forests.left": ("iu", "factors trees places"),
    "forests.right": ("iu", "factors trees places"),
    "forests.share": ("f", "factors trees places ids"),
    "forests.depth": ("iu", ""),
    "hidden": ("f", "reference units"),
    "ids": ("iu", "reference factors"),
    "labels": ("iu", "reference"),
    "scores": ("f", "draws"),
    "class_labels": ("iu", "classes"),
    "features": ("iu", ""),
}
FORESTS = tuple(name for name in AXES if name.startswith("forests."))  # all of them or none


def load(path: str | Path) -> Explainer:
    """The `Explainer` that `Explainer.save` wrote.

    Host-level. Nothing is unpickled, and every array is checked: shapes and types, finite values, shares in [0, 1],
    units, factors, IDs and classes in their range, and a tree without cycles.

    Args:
        path: the ``.npz`` file, of format 2 to 5.

    Raises:
        FileNotFoundError: the file does not exist.
        ValueError: a file that is not an explainer, is damaged, lacks an array, or is of another format.

    Example:
        >>> import tempfile, pathlib
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "other.npz"
        >>> np.savez(path, weights=np.ones(2))
        >>> load(path)
        Traceback (most recent call last):
        ...
        ValueError: path: found ...other.npz, wanted an explainer of format 2, 3, 4 or 5
    """
    stored = read_arrays(path)
    if (version := stored.get("format")) is None or version.shape or version.item() not in READ:
        raise ValueError(
            f"path: found {path}, wanted an explainer of format {', '.join(map(str, READ[:-1]))} or {FORMAT}"
        )
    share = stored.get("tree.share")
    classes = share.shape[-1] if share is not None and share.ndim else 0
    defaults = {"features": np.array(-1), "class_labels": np.arange(classes), "pool": np.array(str(None))}
    stored = defaults | {f"scaling.{field}": value for field, value in Scaling()._asdict().items()} | stored
    words = {"reading": READINGS, "votes": VOTES, "pool": (*POOLS, str(None))}
    absent = FORESTS if version.item() == FORMAT and stored.keys().isdisjoint(FORESTS) else ()
    if missing := (AXES.keys() | words.keys()) - stored.keys() - set(absent):
        raise ValueError(f"path: found {path} without {', '.join(sorted(missing))}, wanted a whole explainer")
    sizes = _sizes(path, {name: stored[name] for name in AXES if name not in absent}, str(stored["reading"]))
    _check_ranges(path, stored, sizes)
    _check_tree(path, stored, sizes["nodes"])
    for name, known in words.items():
        _demand(path, name, str(stored[name]) in known, f"one of {', '.join(map(repr, known))}")
    parts: dict[str, Any] = {
        name: kind(**{field: stored[f"{name}.{field}"] for field in kind._fields})
        for name, kind in PARTS.items()
        if name != "forests" or not absent
    }
    parts.setdefault("forests", None)
    arrays = {name: stored[name] for name in ARRAYS} | {name: str(stored[name]) for name in words}
    features, pool = int(stored["features"]), str(arrays.pop("pool"))
    pool = pool if pool in POOLS else None
    return Explainer(**arrays, **parts, features=None if features < 0 else features, pool=pool)


def _demand(path, name, holds, wanted):
    if not holds:
        raise ValueError(f"path: found {path} with another {name}, wanted {wanted}")


def _sizes(path, stored, reading):
    """The length of each axis, on which all arrays agree."""
    sizes: dict[str, int] = {}
    for name, values in stored.items():
        kinds, axes = AXES[name][0], AXES[name][1].split()
        fits = values.dtype.kind in kinds and values.ndim == len(axes) and bool(values.size)
        fits = fits and all(sizes.setdefault(axis, size) == size for axis, size in zip(axes, values.shape, strict=True))
        wanted = f"[{', '.join(str(sizes.get(axis, axis)) for axis in axes)}]"
        if not fits or (values.dtype.kind == "f" and not np.all(np.isfinite(values))):
            raise ValueError(f"path: found {path} with {name} {describe(values)}, wanted finite numbers {wanted}")
    coordinates = sizes["units"] if reading == "coordinates" else 1
    _demand(path, "factors.centers", sizes["coordinates"] == coordinates, f"{coordinates} coordinates of a center")
    return sizes


def _check_ranges(path, stored, sizes):
    features = int(stored["features"])
    ranges = {
        "factors.of_unit": (0, sizes["factors"] - 1),
        "tree.factor": (LEAF, sizes["factors"] - 1),
        "tree.share": (0, 1),
        "tree.rows": (0, np.inf),
        "ids": (0, sizes["ids"] - 1),
        "class_labels": (0, np.inf),
    }
    if "places" in sizes:
        ranges |= {f"forests.{side}": (0, sizes["places"] - 1) for side in ("left", "right")}
        ranges |= {"forests.feature": (0, np.inf if features < 0 else features - 1)}
        ranges |= {"forests.share": (0, 1 + 1e-6), "forests.depth": (0, sizes["places"])}
    for name, (least, most) in ranges.items():
        fits = least <= stored[name].min() and stored[name].max() <= most
        _demand(path, name, fits, f"numbers from {least} to {most}")
    _demand(path, "tree.share", np.allclose(stored["tree.share"].sum(axis=1), 1), "shares that sum to 1")
    _demand(path, "class_labels", np.all(np.diff(stored["class_labels"]) > 0), "labels in order")
    _demand(path, "labels", np.all(np.isin(stored["labels"], stored["class_labels"])), "those of the classes")
    for name in ("scaling.offset", "scaling.scale"):
        values = stored[name]
        fits = values.dtype.kind == "f" and values.shape in ((), (features,)) and np.all(np.isfinite(values))
        _demand(path, name, fits and (name == "scaling.offset" or np.all(values > 0)), "finite numbers, a feature each")


def _check_tree(path, stored, nodes):
    """Checks that each node but the root is the child of one earlier node, so that there is no cycle."""
    parents = np.flatnonzero(stored["tree.factor"] != LEAF)
    sides = [stored[f"tree.{side}"][parents].astype(np.int64) for side in ("left", "right")]
    fits = np.array_equal(np.sort(np.concatenate(sides)), np.arange(1, nodes)) and all(
        np.all(side > parents) for side in sides
    )
    _demand(path, "tree.left or tree.right", fits, "every node but the root as the child of one node before it")
