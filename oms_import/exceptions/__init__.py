"""The exception queue: what waits for a person, grouped by cause and ranked by what it costs."""
