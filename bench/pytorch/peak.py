"""The most memory a process had."""

import re
import resource
import sys
from pathlib import Path


def peak() -> float:
    """This process's, in MB of 2^20 bytes. On Linux getrusage also counts what the parent had when it started this one."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(re.search(r"VmHWM:\s*(\d+) kB", status.read_text())[1]) / 2**10
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (2**20 if sys.platform == "darwin" else 2**10)
