"""Bytes to frames of text."""
