#!/usr/bin/env python3
"""moto's server (STS, IAM, S3, an instance's metadata) in a folder of its own, once per machine.

    install_moto.py     installs it from PyPI if it is not there yet, then prints the Python that has it

It lies in the cache beside the servers that build.py builds, CACHE/live/moto-KEY, where KEY is a
digest of its pinned requirements and of the version of Python. Debian 12 has no package of it. Exit
code 77 with the reason when it can't be had.
"""

import fcntl
import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import build

REQUIREMENTS = Path(__file__).resolve().parent / "moto" / "requirements.txt"


class NoMoto(Exception):
    """It can't be had; and why."""


def folder():
    digest = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()[:16]
    return build.cache_root() / f"moto-{digest}"


def _run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                          check=False)
    if done.returncode != 0:
        words = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise NoMoto(f"moto could not be installed: {words[-1] if words else done.returncode}")


def python():
    """The Python that has moto; installs it first where that is needed."""
    target = folder()
    root = target.parent
    root.mkdir(parents=True, exist_ok=True)
    with open(root / "moto.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.is_dir():
            half = Path(tempfile.mkdtemp(prefix="moto-half-", dir=root))
            try:
                build.say("installing moto")
                _run(sys.executable, "-m", "venv", half)
                _run(half / "bin" / "python", "-m", "pip", "install", "--quiet",
                     "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:",
                     "--require-hashes", "-r", REQUIREMENTS)
                half.rename(target)
            finally:
                shutil.rmtree(half, ignore_errors=True)
    return target / "bin" / "python"


if __name__ == "__main__":
    try:
        print(python())
    except NoMoto as reason:
        build.say(str(reason))
        sys.exit(build.NO_GO)
