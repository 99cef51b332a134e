"""What makes two orders the same."""
