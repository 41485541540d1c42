"""Runs every benchmark in this folder, one after the other; each prints its ratios against its reference."""

import subprocess
import sys
from pathlib import Path


def main() -> int:
    """Run them all; the exit code counts those that could not run."""
    failed = []
    for file in sorted(Path(__file__).parent.glob("bench_*.py")):
        print(f"\n== {file.stem} ==", flush=True)
        if subprocess.run([sys.executable, "-m", f"tests.bench.{file.stem}"], check=False).returncode != 0:
            failed.append(file.stem)
    if failed:
        print(f"\nnot run to the end: {', '.join(failed)}")
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
