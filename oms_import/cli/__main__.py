"""`python -m oms_import.cli`: the same as `oms-import`."""

from oms_import.cli.start import main

main()
