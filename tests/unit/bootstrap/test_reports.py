"""What the scripts report, as the desktop reads it; following a script over SSH is shown in the lab."""

import pytest

from godploy_desktop.remote.bootstrap import script_command
from godploy_desktop.remote.bootstrap_steps import BootstrapState, parse_step


def test_a_report_is_read_with_its_problem():
    line = (
        '{"step": "preflight", "title": "Check the server", "state": "failed", "index": 0, "count": 11, "detail": "x",'
        ' "problem": {"code": "port-taken", "what": "a", "why": "b", "next_step": "c"}}'
    )
    step = parse_step(line)
    assert step is not None
    assert step.state is BootstrapState.FAILED
    assert step.problem is not None
    assert step.problem.code == "port-taken"


@pytest.mark.parametrize(
    "line", ["", "Welcome to Debian", "{}", '{"step": 1}', "[1]", '{"step": "a", "title": "b", "state": "odd"}']
)
def test_what_is_no_report_is_passed_over(line):
    assert parse_step(line) is None


def test_only_an_account_that_is_not_root_goes_through_sudo():
    assert script_command("root", "/tmp/x/install.sh", ["--dry-run"]) == "bash /tmp/x/install.sh --dry-run"
    assert script_command("ann", "/tmp/x/install.sh", ["--ssh-user", "ann"]) == (
        "sudo -n bash /tmp/x/install.sh --ssh-user ann"
    )
    assert script_command("root", "/tmp/a b/x.sh", []) == "bash '/tmp/a b/x.sh'"
