"""The stages put together for a channel: read, assemble, normalize, validate, spool, write."""
