"""Source rows to canonical orders, in bulk."""
