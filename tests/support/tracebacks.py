"""How IPython is told to draw a traceback without colours, which its version 9 calls otherwise."""

from __future__ import annotations

import IPython

WITHOUT_COLOURS = (
    {"theme_name": "nocolor"} if IPython.version_info >= (9,) else {"color_scheme": "NoColor"}
)
