"""The picture in the README, from a finished run of the core suite.

solomonic compare && python benchmarks/readme_picture.py .solomonic/runs/core docs/picture.png
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib.pyplot as plt

from solomonic.bench.analysis import analyse
from solomonic.bench.figures import cumulative_cost, score_against_cost
from solomonic.bench.ledger import read_run

analysis = analyse(read_run(Path(sys.argv[1])))
figure, axes = plt.subplots(1, 2, figsize=(12, 4.4), layout="constrained")
score_against_cost(analysis, "digits", ax=axes[0])
cumulative_cost(analysis, "digits", ax=axes[1])
figure.savefig(sys.argv[2], dpi=110)
