"""oms-import: batch import of sales-channel orders, safe against any crash."""

__version__ = "0.1.0"
