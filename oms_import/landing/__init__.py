"""Raw bytes, kept once, unpacked safely."""
