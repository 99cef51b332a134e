"""`oms-import --help`: wall time of ten starts; promised under 0.3 seconds."""

import sys
from statistics import median

from measure import measured

walls = [measured([sys.executable, "-m", "oms_import.cli", "--help"]).wall for _ in range(10)]
print(f"--help: median {median(walls):.3f} s, worst {max(walls):.3f} s")
