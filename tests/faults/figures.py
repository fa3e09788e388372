"""The book of figures: each fault writes what it measured as one JSON file, from which docs/reliability.md is made."""

import json
import os
import platform
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DIRECTORY = "FAULTS_DIR"


@dataclass
class Figures:
    """Printed always; written where the environment names a directory."""

    test: str

    def __call__(self, fault: str, injected: str, holds: str, seed: int | None = None, **figures: Any) -> None:
        """Write down one fault: how it was injected, what was asserted, and what was seen."""
        rounded = {key: round(value, 3) if isinstance(value, float) else value for key, value in figures.items()}
        page = {
            "fault": fault,
            "injected": injected,
            "asserted": holds,
            "test": self.test,
            "seed": seed,
            "date": time.strftime("%Y-%m-%d", time.gmtime()),
            "machine": machine(),
            "command": "make faults",
            "figures": rounded,
        }
        print(f"\n{fault} (seed {seed}): {rounded}")
        if directory := os.environ.get(DIRECTORY):
            path = Path(directory)
            path.mkdir(parents=True, exist_ok=True)
            name = re.sub(r"\W+", "_", fault).strip("_").lower()
            (path / f"{name}.json").write_text(json.dumps(page, ensure_ascii=False, indent=1))


def machine() -> str:
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    try:
        system = platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        system = platform.system()
    return f"{os.cpu_count()} cores, {memory_gib:.0f} GiB, {system}, CPython {platform.python_version()}"


def resident_mib(pid: int) -> float:
    """Return how much of a process is in memory."""
    row = next(row for row in Path(f"/proc/{pid}/status").read_text().splitlines() if row.startswith("VmRSS"))
    return int(row.split()[1]) / 1024


def kernel_mib() -> float:
    """Return how much the kernel holds for all TCP lines of the machine: what a process wrote and nobody has read."""
    row = next(row for row in Path("/proc/net/sockstat").read_text().splitlines() if row.startswith("TCP:"))
    return int(row.split()[-1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
