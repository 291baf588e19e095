"""Packages that something is compared with: fetched, unpacked, never installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path


def download(requirement: str, into: Path) -> Path:
    """Return the folder of an unpacked package, without what it depends on.

    Args:
        requirement: Name and version, as in `obp==0.4.1`.
        into: Existing folder.

    Raises:
        OSError, subprocess.SubprocessError: If it cannot be had here.
    """
    quiet = ["--no-deps", "--quiet", "--disable-pip-version-check", "--retries", "1", "--timeout", "20"]
    command = [sys.executable, "-m", "pip", "download", requirement, *quiet, "--dest", str(into)]
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    archive = next(one for one in into.iterdir() if one.suffix in (".whl", ".gz"))
    shutil.unpack_archive(archive, into, "zip" if archive.suffix == ".whl" else "gztar")
    unpacked = into / archive.name.removesuffix(".tar.gz")
    return unpacked if unpacked.is_dir() else into
