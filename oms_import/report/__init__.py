"""One report value, rendered."""
