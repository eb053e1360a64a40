"""Network -> text of a Python module that moves all cells at once; compiled, and kept in the cache of kernels."""
