"""Documents (XML, JSON) as rows: the names that reader, normalization and profiles share."""

from __future__ import annotations

DOCUMENT = "DOCUMENT"
"""The column that tells the orders of a drop apart: their number, from 1. Profiles group by it."""

OTHER_VALUES = "OTHER VALUES"
"""The column of an order's values that no path read, on its first row: a JSON list of objects with
`name` (a path) and `value`."""

OTHER_LINE_VALUES = "OTHER LINE VALUES"
"""The same of a line's values, on the line's own row."""
