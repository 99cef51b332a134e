"""One channel, one TOML file."""
