"""`python3 godploy-server.pyz VERB`: the entry of everything that runs on a server."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from godploy_server.state.paths import Paths


def main() -> int:
    """Run the verb that the command line names and give its exit code."""
    arguments = _parser().parse_args()
    if arguments.verb in ("agent", "relay"):
        _stay_with_this_bundle()
        logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    code: int = arguments.run(arguments)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="godploy-server", description="The server side of Godploy")
    verbs = parser.add_subparsers(dest="verb", required=True)

    agent = verbs.add_parser("agent", help="serve the API on a unix socket and run deployments")
    _add_folders(agent)
    agent.add_argument("--embedded", action="store_true", help="a child of the desktop, not a system service")
    agent.add_argument("--http-port", type=int, metavar="N")
    agent.add_argument("--https-port", type=int, metavar="N")
    agent.add_argument("--prefix", default="", help="of the names of Docker objects: two agents on one Docker need two")
    agent.set_defaults(run=_agent)

    relay = verbs.add_parser("relay", help="answer the few requests that come from the internet")
    relay.add_argument("--run-dir", type=Path, required=True)
    relay.add_argument("--listen", default="", metavar="ADDRESS:PORT", help="instead of what the agent says")
    relay.add_argument(
        "--spool-dir", type=Path, help="keeps deliveries while the agent is down (default: RUN_DIR/spool)"
    )
    relay.set_defaults(run=_relay)

    job = verbs.add_parser("job", help="run one queued deployment (started by the agent)")
    job.add_argument("deployment_id")
    _add_folders(job)
    job.set_defaults(run=_job)

    plan = verbs.add_parser("plan", help="look at the newest source of a service and say how it would be built")
    plan.add_argument("service_id")
    _add_folders(plan)
    plan.set_defaults(run=_plan)

    look = verbs.add_parser("look", help="look into the repository that GODPLOY_LOOK names")
    _add_folders(look)
    look.set_defaults(run=_look)

    cleanup = verbs.add_parser("cleanup", help="remove what nobody needs, or say what that would be")
    cleanup.add_argument("what", choices=("preview", "all", "old"))
    _add_folders(cleanup)
    cleanup.set_defaults(run=_cleanup)

    download = verbs.add_parser("download", help="fetch what GODPLOY_DOWNLOAD_URL names into a file")
    download.add_argument("file", type=Path)
    download.set_defaults(run=_download)

    version = verbs.add_parser("version", help="print the version as JSON")
    version.set_defaults(run=_version)

    dial = verbs.add_parser("dial", help="connect standard input and output with a unix socket")
    dial.add_argument("socket", type=Path)
    dial.set_defaults(run=_dial)
    return parser


def _add_folders(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--state-dir", type=Path, required=True)
    parser.add_argument("--run-dir", type=Path, required=True)


def _paths(arguments: argparse.Namespace) -> Paths:
    from godploy_server.state.paths import Paths

    return Paths(arguments.state_dir.absolute(), arguments.run_dir.absolute())


def _agent(arguments: argparse.Namespace) -> int:
    from godploy_server.agent.run import AgentOptions, run_agent
    from godploy_server.contract.problem import GodployError

    options = AgentOptions(arguments.embedded, arguments.http_port, arguments.https_port, arguments.prefix)
    try:
        return run_agent(_paths(arguments), options)
    except GodployError as error:
        print(error, file=sys.stderr)  # noqa: T201  the answer to whoever started it
        return error.exit_code


def _relay(arguments: argparse.Namespace) -> int:
    from godploy_server.relay.run import run_relay

    run_dir = arguments.run_dir.absolute()
    return run_relay(run_dir, (arguments.spool_dir or run_dir / "spool").absolute(), arguments.listen)


def _job(arguments: argparse.Namespace) -> int:
    from godploy_server.contract.entities import DeploymentId
    from godploy_server.deploy.job import run_job

    return run_job(_paths(arguments), DeploymentId(arguments.deployment_id))


def _plan(arguments: argparse.Namespace) -> int:
    from godploy_server.deploy.planning import print_plan

    return print_plan(_paths(arguments), arguments.service_id)


def _look(arguments: argparse.Namespace) -> int:
    from godploy_server.deploy.looking import print_look

    return print_look(_paths(arguments))


def _cleanup(arguments: argparse.Namespace) -> int:
    from godploy_server.deploy.cleanup.process import print_cleanup

    return print_cleanup(_paths(arguments), arguments.what)


def _download(arguments: argparse.Namespace) -> int:
    from godploy_server.deploy.downloading import download

    return download(arguments.file)


def _version(_: argparse.Namespace) -> int:
    from godploy_server import __version__
    from godploy_server.contract.entities import CONTRACT_VERSION

    print(json.dumps({"version": __version__, "contract_version": CONTRACT_VERSION}))  # noqa: T201  the verb's answer
    return 0


def _dial(arguments: argparse.Namespace) -> int:
    from godploy_server.agent.dial import dial

    return dial(arguments.socket)


def _stay_with_this_bundle() -> None:
    """Run from the file behind the bundle's symbolic link.

    Modules are read from the bundle when they are first needed. An upgrade points the link at another file, and
    reading that one with the old one's directory would fail.
    """
    started_as = sys.argv[0]
    resolved = os.path.realpath(started_as)
    if Path(started_as).is_symlink() and Path(resolved).is_file() and started_as in sys.orig_argv:
        at = sys.orig_argv.index(started_as)
        os.execv(sys.executable, [*sys.orig_argv[:at], resolved, *sys.orig_argv[at + 1 :]])


if __name__ == "__main__":
    sys.exit(main())
