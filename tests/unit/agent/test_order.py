import sqlite3
from dataclasses import replace

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from godploy_server.contract import DeploymentState, ServiceKind, Trigger
from godploy_server.state import deployments, projects, services
from godploy_server.state.database import _migrate
from godploy_server.state.migrations import MIGRATIONS
from tests.unit.agent.rows import NOWHERE

SERVICES = 4


class Queue(RuleBasedStateMachine):
    """Any sequence of asking, starting, ending and cancelling keeps the promises of the queue."""

    def __init__(self):
        super().__init__()
        self.db = sqlite3.connect(":memory:", isolation_level=None)
        self.db.row_factory = sqlite3.Row
        _migrate(self.db, MIGRATIONS)
        project = projects.create(self.db, "shop", "10.210.0.64/26")
        self.services = [
            services.create(self.db, project.id, f"s{number}", ServiceKind.APPLICATION, NOWHERE, "").id
            for number in range(SERVICES)
        ]
        self.at_once = 1

    def teardown(self):
        self.db.close()

    def in_state(self, state):
        return deployments.in_state(self.db, state)

    @rule(which=st.integers(0, SERVICES - 1), trigger=st.sampled_from([Trigger.MANUAL, Trigger.PUSH, Trigger.ROLLBACK]))
    def ask(self, which, trigger):
        deployments.enqueue(self.db, self.services[which], trigger, "ada", release=1)

    @rule(which=st.integers(0, SERVICES - 1), branch=st.sampled_from(["main", "next"]))
    def choose_branch(self, which, branch):
        wanted = replace(NOWHERE, source=replace(NOWHERE.source, branch=branch))
        services.change(self.db, self.services[which], settings=wanted)

    @rule(at_once=st.integers(1, 3))
    def allow(self, at_once):
        self.at_once = at_once

    @rule()
    def begin_all_that_may(self):
        before = len([each for each in self.in_state(DeploymentState.RUNNING) if each.trigger is not Trigger.ROLLBACK])
        for each in deployments.runnable(self.db, self.at_once):
            assert deployments.begin(self.db, each.id, 1, "x")
        builds = [each for each in self.in_state(DeploymentState.RUNNING) if each.trigger is not Trigger.ROLLBACK]
        assert len(builds) <= max(self.at_once, before)

    @precondition(lambda self: self.in_state(DeploymentState.RUNNING))
    @rule(data=st.data(), state=st.sampled_from([DeploymentState.SUCCEEDED, DeploymentState.FAILED]))
    def end_one(self, data, state):
        chosen = data.draw(st.sampled_from(self.in_state(DeploymentState.RUNNING)))
        assert deployments.finish(self.db, chosen.id, state)

    @precondition(lambda self: deployments.queued(self.db))
    @rule(data=st.data())
    def cancel_one_that_waits(self, data):
        chosen = data.draw(st.sampled_from(deployments.queued(self.db)))
        assert deployments.request_cancel(self.db, chosen.id).state is DeploymentState.CANCELLED

    @invariant()
    def one_runs_for_each_service_and_one_waits_for_each_branch_of_it(self):
        ids = [each.service_id for each in self.in_state(DeploymentState.RUNNING)]
        assert len(ids) == len(set(ids))
        waiting = [
            (each.service_id, each.branch, each.trigger is Trigger.ROLLBACK)
            for each in self.in_state(DeploymentState.QUEUED)
        ]
        assert len(waiting) == len(set(waiting))

    @invariant()
    def what_was_replaced_says_by_what(self):
        for each in self.in_state(DeploymentState.SUPERSEDED):
            every = deployments.of_service(self.db, each.service_id)
            newer = [one for one in every if one.number == each.superseded_by]
            assert [(one.branch, one.trigger is Trigger.ROLLBACK) for one in newer] == [
                (each.branch, each.trigger is Trigger.ROLLBACK)
            ]
            assert f"deployment {each.superseded_by}" in each.problem.why

    @invariant()
    def nothing_that_may_begin_is_left_out(self):
        chosen = deployments.runnable(self.db, self.at_once)
        running = self.in_state(DeploymentState.RUNNING)
        busy = {each.service_id for each in running}
        first_of = {}
        for each in deployments.queued(self.db):
            first_of.setdefault(each.service_id, each)
        could = [each for each in first_of.values() if each.service_id not in busy]
        builds = [each for each in could if each.trigger is not Trigger.ROLLBACK]
        free = max(0, self.at_once - sum(each.trigger is not Trigger.ROLLBACK for each in running))
        assert [each for each in chosen if each.trigger is not Trigger.ROLLBACK] == builds[:free]
        assert [each for each in chosen if each.trigger is Trigger.ROLLBACK] == [
            each for each in could if each.trigger is Trigger.ROLLBACK
        ]


Queue.TestCase.settings = hypothesis_settings(max_examples=40, stateful_step_count=25, deadline=None)
TestQueue = Queue.TestCase
