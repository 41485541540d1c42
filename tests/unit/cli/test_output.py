import io
import json

from godploy_desktop.commands.following import LogPrinter
from godploy_desktop.commands.output import Output
from godploy_desktop.core.tasks import TaskStep, TaskStepState
from godploy_server.contract import Problem, Project, ProjectId
from tests.unit.core.example import START

PROBLEM = Problem("not-found", "There is no x", "it never was", "Look elsewhere")


def output(*, as_json):
    stdout, stderr = io.StringIO(), io.StringIO()
    return Output(as_json=as_json, stdout=stdout, stderr=stderr), stdout, stderr


def test_json_is_all_that_stdout_holds():
    out, stdout, stderr = output(as_json=True)
    out.rows([Project(ProjectId("p"), "shop", "10.0.0.0/26", START)], ("NAME",), [["shop"]], "none")
    out.note("for people")
    out.problem(PROBLEM)
    lines = [json.loads(line) for line in stdout.getvalue().splitlines()]
    assert lines[0][0] == {"id": "p", "name": "shop", "subnet": "10.0.0.0/26", "created_at": START.isoformat()}
    told = {"code": "not-found", "what": "There is no x", "why": "it never was", "next_step": "Look elsewhere"}
    assert lines[1] == {"problem": told | {"subject": ""}}
    assert stderr.getvalue() == ""


def test_a_person_reads_the_problem_and_the_next_step_on_stderr():
    out, stdout, stderr = output(as_json=False)
    out.problem(PROBLEM)
    assert stdout.getvalue() == ""
    assert stderr.getvalue() == "Error: There is no x: it never was\nLook elsewhere.\n"


def test_an_empty_list_leaves_stdout_empty():
    out, stdout, stderr = output(as_json=False)
    out.rows([], ("NAME",), [], "There is none yet.")
    assert stdout.getvalue() == ""
    assert stderr.getvalue() == "There is none yet.\n"


def test_each_step_is_told_once_for_each_state():
    out, stdout, _ = output(as_json=True)
    running = TaskStep("a", "First", TaskStepState.RUNNING, started_at=START)
    done = TaskStep("a", "First", TaskStepState.DONE, "found", START, START)
    waiting = TaskStep("b", "Second")
    for steps in ((running, waiting), (running, waiting), (done, waiting)):
        out.steps(steps)
    events = [json.loads(line)["step"] for line in stdout.getvalue().splitlines()]
    assert [(each["key"], each["state"]) for each in events] == [("a", "running"), ("a", "done")]


def test_steps_read_as_a_list():
    out, stdout, _ = output(as_json=False)
    out.steps((TaskStep("a", "First", TaskStepState.DONE, "found", START, START), TaskStep("b", "Second")))
    out.steps((TaskStep("b", "Second", TaskStepState.FAILED, "no room", START, START),))
    assert stdout.getvalue() == "✓ First  found  0.0 s\n✗ Second  no room  0.0 s\n"


def test_a_log_cut_anywhere_prints_whole_lines():
    text = "Fetch ✓ done\nBuild é\nlast without end"
    for cut in range(len(text.encode())):
        out, stdout, _ = output(as_json=False)
        printer = LogPrinter(out)
        printer.feed(text.encode()[:cut])
        printer.feed(text.encode()[cut:])
        printer.close()
        assert stdout.getvalue() == text + "\n"
