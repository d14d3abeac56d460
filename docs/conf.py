"""The site: pages in Markdown whose cells run, and the API from the docstrings. ``python -m docs`` builds it."""

import os
import sys
from pathlib import Path

DOCS = Path(__file__).parent
sys.path[:0] = [str(DOCS / "_ext"), str(DOCS.parent)]

import interp_jax  # noqa: E402 (after the paths)

# Cells find the network of the pages beside this file, and compile what an earlier page has compiled only once.
os.environ["PYTHONPATH"] = os.pathsep.join([str(DOCS), str(DOCS.parent), os.environ.get("PYTHONPATH", "")])
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(DOCS / "_build" / "compiled"))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # jax 0.10.0 writes pages about programs that it reads back
os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")  # as in the tests: compiling takes most of the time

project = "interp_jax"
author = "The interp_jax developers"
version = release = interp_jax.__version__
language = "en"

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "kept", "public_api"]
exclude_patterns = ["_build", "README.md"]
default_role = "py:obj"

autodoc_typehints = "none"  # Args state shapes and units in words
napoleon_use_ivar = True
napoleon_use_rtype = False
napoleon_attr_annotations = False
napoleon_numpy_docstring = False
napoleon_custom_sections = [("Attributes", "params_style")]

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "force"
nb_execution_show_tb = True  # a cell that fails is a warning, which ends the build
nb_execution_timeout = 240
nb_merge_streams = True
# The tutorial on published models needs the extra `wild`; without it its stored text is shown and no cell runs.
nb_execution_excludepatterns = [] if os.environ.get("INTERP_JAX_DOCS_WILD") else ["tutorials/in_the_wild*"]

html_theme = "furo"
html_title = f"interp_jax {version}"
html_show_copyright = False
html_show_sourcelink = False
html_copy_source = False
html_static_path = ["_static"]
html_css_files = ["site.css"]
