"""The embedded model and benchmark, found wherever the package is installed."""

from pathlib import Path

ASSETS = Path(__file__).parent
