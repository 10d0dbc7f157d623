from __future__ import annotations

import sys
from pathlib import Path

# --import-mode=importlib keeps test folders off the path, and these tests share a module
sys.path.append(str(Path(__file__).parent))
