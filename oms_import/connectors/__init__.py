"""Where drops come from: list, fetch, acknowledge."""
