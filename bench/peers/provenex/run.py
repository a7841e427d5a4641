# SPDX-License-Identifier: Apache-2.0
"""Run attacks.py against the pinned peer, in a virtual environment of its own.

    python3 bench/peers/provenex/run.py [--json]

Python 3.11 or newer. The environment lies in .cache/provenex and is made on first use; nothing else is touched.
"""
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ENVIRONMENT = HERE.parents[2] / ".cache" / "provenex"
REQUIREMENTS = HERE / "requirements.txt"


def python() -> Path:
    """The interpreter of the environment, which holds what the requirements name."""
    stamp = ENVIRONMENT / "installed.txt"
    interpreter = ENVIRONMENT / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if not stamp.is_file() or stamp.read_bytes() != REQUIREMENTS.read_bytes():
        venv.create(ENVIRONMENT, with_pip=True, clear=True)
        pip = [interpreter, "-m", "pip", "install", "--quiet", "--requirement", REQUIREMENTS]
        subprocess.run(pip, check=True)
        stamp.write_bytes(REQUIREMENTS.read_bytes())
    return interpreter


sys.exit(subprocess.run([python(), HERE / "attacks.py", *sys.argv[1:]], check=False).returncode)
