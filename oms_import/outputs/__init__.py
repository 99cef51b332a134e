"""Accepted and rejected files, manifests, publishing."""
