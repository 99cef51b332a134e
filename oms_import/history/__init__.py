"""The store: everything that was ever decided."""
