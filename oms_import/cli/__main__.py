"""`python -m oms_import.cli`: the same as `oms-import`."""

from oms_import.cli.main import main

main()
