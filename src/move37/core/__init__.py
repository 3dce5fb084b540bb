"""Nouns: types, protocols, errors. Depends on JAX alone."""
