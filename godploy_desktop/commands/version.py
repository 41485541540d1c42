"""`godploy version`"""

from __future__ import annotations

import argparse
import json
import platform

from godploy_server import __version__
from godploy_server.contract import CONTRACT_VERSION


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing but --json: a server's versions are in `godploy server status`."""
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run_plain=version)


def version(given: argparse.Namespace) -> None:
    """Print the version of this program and of the contract it speaks."""
    versions = {"version": __version__, "contract_version": CONTRACT_VERSION, "python": platform.python_version()}
    if given.json:
        print(json.dumps(versions))
    else:
        print(f"godploy {__version__} (contract {CONTRACT_VERSION}, Python {versions['python']})")
