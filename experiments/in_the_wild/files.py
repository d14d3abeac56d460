"""The files of this installation: their types by extension, their packages, and three parts of the packages."""

import os
import re
import sysconfig
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from experiments.in_the_wild.detector import read_tokens

# Extensions of a type, and the detector's names that agree with it, by default the type's own.
EXTENSIONS = {
    "python": "py pyi", "pythonbytecode": "pyc", "c": "c", "C or C++ header": "h", "cpp": "cpp cc cxx hpp tcc",
    "json": "json", "html": "html htm", "svg": "svg", "xml": "xml pom", "css": "css", "javascript": "js mjs",
    "typescript": "ts", "markdown": "md", "rst": "rst", "txt": "txt", "toml": "toml", "yaml": "yaml yml",
    "ini": "ini cfg", "csv": "csv", "tsv": "tsv", "png": "png", "gif": "gif", "jpeg": "jpg jpeg", "ttf": "ttf",
    "pdf": "pdf", "npy": "npy", "gzip": "gz", "zip": "zip", "elf": "so", "pebin": "exe dll", "perl": "pl pm",
    "cmake": "cmake", "tcl": "tcl", "sql": "sql", "shell": "sh bash", "po": "po", "proto": "proto",
    "fortran": "f f90", "bib": "bib", "wav": "wav", "java": "java", "jar": "jar", "php": "php", "m4": "m4",
    "ruby": "rb", "lua": "lua", "scss": "scss", "latex": "tex sty", "pem": "pem crt", "h5": "h5 hdf5",
    "pickle": "pkl pickle", "postscript": "ps eps", "diff": "diff patch", "batch": "bat cmd",
}  # fmt: skip
ALSO = {"C or C++ header": ("c", "cpp"), "pem": ("pem", "crt")}
TYPES = {extension: name for name, every in EXTENSIONS.items() for extension in every.split()}
PARTS = ("search", "calibration", "check")
SYSTEM = ("/usr/share", "/usr/include", "/usr/lib", "/opt/homebrew/share", "/opt/homebrew/lib")
# Folders that hold the files of many packages: the package is the next one.
SHELVES = {"doc", "lib", "share", "python3", "dist-packages", "site-packages", "javascript", "node_modules", "man",
           "perl", "perl5", "x86_64-linux-gnu", "aarch64-linux-gnu", "locale"}  # fmt: skip
VERSION = re.compile(r"[-_.]?v?\d[\w.+]*$|\.(dist-info|egg-info|libs|data|py|so|pth|h|cpython|gz|txt)$")


class Files(NamedTuple):
    """The files that the study uses, by type and then in random order.

    Attributes:
        tokens: [files, 2048] what the network sees of each.
        kind: [files] the number of the type that its extension says.
        package: [files] the number of its package.
        part: [files] 0 for the search, 1 for calibration, 2 for the check.
        kinds: names of the types.
        packages: names of the packages.
        paths: where each was found; no part of any page.
        left_out: by reason, files that were found and not used.
    """

    tokens: np.ndarray
    kind: np.ndarray
    package: np.ndarray
    part: np.ndarray
    kinds: list[str]
    packages: list[str]
    paths: list[str]
    left_out: dict[str, int]

    def agrees(self, types: tuple[str, ...], predictions: np.ndarray) -> np.ndarray:
        """[files] whether the predicted type is what the extension says."""
        names = [ALSO.get(kind, (kind,)) for kind in self.kinds]
        return np.array([types[each] in names[kind] for each, kind in zip(predictions, self.kind, strict=True)])


def roots() -> list[Path]:
    """The folders that are searched: the installed packages, the standard library, and the system's shared files."""
    paths = sysconfig.get_paths()
    places = [paths[name] for name in ("purelib", "platlib", "stdlib")]
    return [Path(each) for each in dict.fromkeys(places + list(SYSTEM)) if Path(each).is_dir()]


def found(folders: list[Path]) -> Iterator[tuple[str, str, Path]]:
    """The type, package and path of every file with a known extension, links left out."""
    seen = set()
    for root in folders:
        others = {str(each) for each in folders if each != root}
        for folder, names, files in os.walk(root):
            names[:] = [each for each in names if f"{folder}/{each}" not in others]
            if any(part == "site-packages" for part in Path(folder).relative_to(root).parts) and root.name != "lib":
                continue
            package = package_of(Path(folder).relative_to(root).parts)
            for name in files:
                kind = TYPES.get(name.rpartition(".")[2].lower()) if "." in name else None
                path = Path(folder, name)
                if kind and path not in seen and not path.is_symlink():
                    seen.add(path)
                    yield kind, package or package_of((name,)), path


def package_of(parts: tuple[str, ...]) -> str:
    """The package that a file belongs to, by the folders that it lies in: one name for all its versions and places."""
    name = next((each for each in parts if each.lower() not in SHELVES and not each.startswith("__")), "")
    name, before = name.lower(), ""
    while name != before:
        name, before = VERSION.sub("", name) or name, name
    return name.replace("-", "_").lstrip("_")


def divide(counts: dict[str, Counter], files: int) -> dict[str, int]:
    """The part of each package: packages one by one, the largest first, to where they are most needed.

    Args:
        counts: by package, its number of files of each type.
        files: the files of a type that a part can use.
    """
    totals = sum(counts.values(), Counter())
    have, part = [Counter() for _ in PARTS], {}
    for package in sorted(counts, key=lambda name: (-sum(counts[name].values()), name)):
        of = counts[package]

        def need(place, of=of):
            wanted = {kind: min(files, totals[kind] / len(PARTS)) for kind in of}
            lack = [
                (min(wanted[kind], have[place][kind] + of[kind]) - min(wanted[kind], have[place][kind])) / wanted[kind]
                for kind in of
            ]
            return sum(lack), -sum(have[place].values())

        part[package] = max(range(len(PARTS)), key=need)
        have[part[package]] += of
    return part


def collect(folders: list[Path], *, files: int, package_files: int, seed: int) -> Files:
    """Files of the folders, at most ``files`` of a type in each part and ``package_files`` of a type and package."""
    by_kind, left_out = defaultdict(lambda: defaultdict(list)), Counter()
    for kind, package, path in found(folders):
        by_kind[kind][package].append(path)
    draw = np.random.default_rng(seed)
    counts = defaultdict(Counter)
    for kind, packages in by_kind.items():
        for package, paths in packages.items():
            counts[package][kind] = min(len(paths), package_files)
    part_of, rows, seen = divide(counts, files), [], set()
    names = sorted(counts)
    number = {name: place for place, name in enumerate(names)}
    for kind in sorted(by_kind):
        # Packages take turns, so that a type is not that of its largest package.
        queues = [
            (name, list(draw.permutation(sorted(map(str, by_kind[kind][name]))))) for name in sorted(by_kind[kind])
        ]
        order = [
            (turn, place, name, path)
            for place, (name, paths) in enumerate(queues[each] for each in draw.permutation(len(queues)))
            for turn, path in enumerate(paths)
        ]
        room, used = Counter(dict.fromkeys(range(len(PARTS)), files)), Counter()
        for _, _, name, path in sorted(order):
            part = part_of[name]
            if used[name] >= package_files:
                left_out["more of a type and package than the limit"] += 1
                continue
            if not room[part]:
                left_out["more of a type in a part than the limit"] += 1
                continue
            try:
                row = read_tokens(Path(path))
            except OSError:
                left_out["could not be read"] += 1
                continue
            if row is None:
                left_out["fewer than 8 bytes beside blanks, which the detector does not look at"] += 1
                continue
            if row.tobytes() in seen:
                left_out["the same ends as a file before"] += 1
                continue
            seen.add(row.tobytes())
            room[part] -= 1
            used[name] += 1
            rows.append((row.astype(np.uint16), kind, number[name], part, path))
    if not rows:
        raise ValueError(f"files: found none in {len(folders)} folders, wanted files with known extensions")
    tokens, kinds, packages, parts, paths = zip(*rows, strict=True)
    every = sorted(set(kinds))
    return Files(
        np.stack(tokens), np.array([every.index(kind) for kind in kinds]), np.array(packages), np.array(parts), every,
        names, list(paths), dict(left_out),
    )  # fmt: skip
