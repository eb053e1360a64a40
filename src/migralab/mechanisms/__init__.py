"""The heart: one file is one biological mechanism; `registry` lists them."""
