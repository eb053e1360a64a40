"""The integrators, as source files that are pasted behind the functions generated for a network."""
