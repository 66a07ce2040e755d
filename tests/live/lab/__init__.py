"""The lab of the live tests: real servers, real agents and the faults between them.

Everything listens on loopback, on ports that were free, writes into one temporary run folder and
is ended by pid, also when the tests are killed (processes.py).
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))  # build, install
