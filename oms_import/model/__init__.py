"""The canonical order and the values that travel."""
