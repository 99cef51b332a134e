"""Documents, XML and JSON: orders as trees, read as rows with columns named by paths."""
