"""The verb `download`: fetches one file in a process of its own, so that it can be ended at any moment.

The address comes through the environment and not as an argument, which every user of the machine can read.
"""

from __future__ import annotations

import os
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Final

URL_VARIABLE: Final = "GODPLOY_DOWNLOAD_URL"

_CHUNK_BYTES: Final = 256 * 1024
_SILENCE_S: Final = 30.0
_REPORT_EVERY_S: Final = 2.0
_MB: Final = 1_000_000


def download(path: Path) -> int:
    """Write what the address in URL_VARIABLE names to `path`; gives the exit code. Prints how far it is, and at last
    why it did not succeed."""
    request = urllib.request.Request(os.environ[URL_VARIABLE], headers={"User-Agent": "godploy"})
    try:
        with urllib.request.urlopen(request, timeout=_SILENCE_S) as answer, path.open("wb") as file:
            whole = int(answer.headers.get("Content-Length") or 0)
            got, reported = 0, time.monotonic()
            while chunk := answer.read(_CHUNK_BYTES):
                file.write(chunk)
                got += len(chunk)
                if time.monotonic() - reported > _REPORT_EVERY_S:
                    reported = time.monotonic()
                    _say(_progress(got, whole))
            if whole and got < whole:
                _say(f"the connection ended after {got} of {whole} bytes")
                return 1
    except urllib.error.HTTPError as error:
        _say(f"the host answered {error.code} {error.reason}")
        return 1
    except urllib.error.URLError as error:
        _say(str(error.reason))
        return 1
    except (OSError, ValueError) as error:
        _say(str(error))
        return 1
    _say(f"{got / _MB:.1f} MB fetched")
    return 0


def _progress(got: int, whole: int) -> str:
    return f"{got / _MB:.1f} of {whole / _MB:.1f} MB" if whole else f"{got / _MB:.1f} MB"


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
