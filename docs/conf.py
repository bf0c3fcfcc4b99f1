"""The manual: ``make docs`` builds it, with warnings as errors."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "ext"))

from esap_jupyter import __version__

project = "ESAP for Jupyter"
author = "The ESAP for Jupyter developers"
copyright = author  # noqa: A001 - Sphinx's name
release = version = __version__

extensions = [
    "manual",
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_click",
    "sphinx_copybutton",
    "sphinx_design",
]
exclude_patterns = ["_build", "ext", "**/.ipynb_checkpoints"]

# The tutorials are run by the tests, on the demo; the pages show them as they are kept, without outputs.
nb_execution_mode = "off"
myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 4
myst_links_external_new_tab = False

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
default_role = "code"

nitpicky = True
nitpick_ignore_regex = [
    # What a docstring calls a type is for people ("list of Item", "int, optional"); signatures are checked.
    ("py:class", r"[^.]+"),
    ("py:class", r"esap_jupyter\..*\.T"),  # type variables
    # Documented as of connectors.base, which is where partners import it from.
    ("py:class", r"esap_jupyter\.connectors\.lakes\..*"),
    # Other projects' names: their inventories are on the network, and the manual is built without.
    ("py:.*", r"(abc|asyncio|collections|contextlib|datetime|enum|os|pathlib|typing)\..*"),
    (
        "py:.*",
        r"(astropy|click|matplotlib|numpy|pa|pandas|pd|pl|polars|pyarrow|pydantic|pytest|requests)\..*",
    ),
]

html_theme = "pydata_sphinx_theme"
html_title = "ESAP for Jupyter"
html_static_path = ["static"]
html_css_files = ["manual.css"]
html_js_files = ["manual.js"]
html_sidebars = {"index": [], "add-a-service": []}
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "header_links_before_dropdown": 7,
    "footer_start": ["copyright"],
    "footer_end": [],
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc"],
}
html_context = {"default_mode": "auto"}
copybutton_exclude = ".linenos, .gp, .go"
linkcheck_anchors = False
