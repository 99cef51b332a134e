"""The contract and the channel's policy."""
