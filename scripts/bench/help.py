"""`oms-import --help`: wall time of ten starts; promised under 0.3 seconds."""

from statistics import median

from measure import OURS, measured

walls = [measured([*OURS, "--help"]).wall for _ in range(10)]
print(f"--help: median {median(walls):.3f} s, worst {max(walls):.3f} s")
