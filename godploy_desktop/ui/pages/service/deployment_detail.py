"""One deployment: what and why, its steps as they go, its log live, the problem it ended with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from godploy_desktop.core.deploying import steps_of
from godploy_desktop.core.server_model import Aspect, Change
from godploy_desktop.ui.models import words
from godploy_desktop.ui.models.step_lines import step_lines
from godploy_desktop.ui.pages.frame.context import Context
from godploy_desktop.ui.pages.frame.following import Following
from godploy_desktop.ui.pages.frame.observing import Observer
from godploy_desktop.ui.pages.frame.problem_slot import ProblemSlot
from godploy_desktop.ui.pages.git.host_key_offer import HostKeyOffer
from godploy_desktop.ui.pages.service.link import Link
from godploy_desktop.ui.pages.service.plan_view import PlanView
from godploy_desktop.ui.theme import Space
from godploy_desktop.ui.widgets import Button, ButtonKind, Card, Icon, IconButton, Label, Pill, StepList, column, row
from godploy_desktop.ui.widgets.log_view import LogView
from godploy_server.contract import Deployment, DeploymentId, DeploymentState, Problem, ServiceId

if TYPE_CHECKING:
    from godploy_desktop.core.server import Server

_TICK_MS = 1000
_STEPS_WIDTH: Final = 300
_STEPS_NARROW: Final = 224
_NARROW_BELOW: Final = 900
_MAY_ROLL_BACK = (DeploymentState.FAILED, DeploymentState.INTERRUPTED, DeploymentState.SUCCEEDED)


class DeploymentDetail(QWidget, Observer):
    """Follows one deployment. `older` is given where the model no longer holds it."""

    back = Signal()
    roll_back_asked = Signal()
    newer_asked = Signal(int)  # the number of the deployment that replaced this one

    def __init__(
        self,
        context: Context,
        server: Server,
        service_id: ServiceId,
        deployment_id: DeploymentId,
        older: Deployment | None = None,
    ) -> None:
        super().__init__()
        self.begin_observing(context)
        self._server, self._service_id, self._id, self._older = server, service_id, deployment_id, older
        self._title, self._pill = Label("", "lg", 600), Pill("", "text3")
        self._message = Label("", "md", 400, "text2", elide=True)
        self._why, self._took = Label("", "sm", 400, "text2"), Label("", "sm", 400, "text2")
        self._commit = Label("", "sm", 400, "text2", mono=True, selectable=True)
        self._commit_fact = QWidget()
        self._target, self._target_icon = Label("", "sm", 400, "text2", elide=True), Icon("git-branch", 14, "text3")
        self._target_fact = QWidget()
        self._newer = Link(self._ask_newer)
        self._newer.setObjectName("open-newer-deployment")
        self._plan = PlanView()
        self._plan_card = Card(14, name="How it was built")
        self._plan_card.body.addWidget(self._plan)
        self._cancel = Button("Cancel", "circle-x", ButtonKind.DANGER, on_click=self._ask_cancel)
        self._cancel.setObjectName("cancel-deployment")
        self._roll_back = Button("Roll back…", "history", on_click=self.roll_back_asked.emit)
        self._roll_back.setObjectName("detail-roll-back")
        self._problems = ProblemSlot()
        self._host_key = HostKeyOffer(context, server, self._deploy_again, confirm="Trust it and deploy again")
        self._steps = StepList("Steps of the deployment")
        self._no_steps = Label("It never began.", "sm", 400, "text3", wrap=True)
        self.log = LogView("Build log")
        self.log.setObjectName("build-log")
        self._shown_problem: Problem | None = None
        self._read_bytes = 0
        self._following: Following[bytes] = Following(
            lambda: server.follow_deployment(deployment_id, self._read_bytes),
            self._take,
            ended=self._log_ended,
            failed=self.show_problem,
        )
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._refresh)
        self._lay_out()
        self.watch(server.model.changed, self._changed)
        self.when_disposed(self._following.stop)
        self._refresh()
        self._following.start()

    @property
    def deployment(self) -> Deployment | None:
        """The deployment as it is known now."""
        return self._server.model.deployments.get(self._id) or self._older

    def _lay_out(self) -> None:
        back = IconButton("arrow-left", "Back to all deployments", on_click=self.back.emit)
        back.setObjectName("back-to-deployments")
        commit = row(Icon("git-commit-horizontal", 14, "text3"), self._commit, 8, spacing=6, parent=self._commit_fact)
        commit.setContentsMargins(0, 0, 0, 0)
        row(self._target_icon, self._target, 8, spacing=6, parent=self._target_fact)
        facts = row(self._commit_fact, self._target_fact, spacing=6)
        for icon, label in (("user", self._why), ("clock", self._took)):
            facts.addWidget(Icon(icon, 14, "text3"))
            facts.addWidget(label)
            facts.addSpacing(8)
        facts.addStretch(1)
        head = row(back, spacing=10)
        top = row(self._title, self._pill, spacing=10)
        top.addWidget(self._newer)
        top.addWidget(self._message, 1)
        head.addLayout(column(top, facts, spacing=4), 1)
        head.addWidget(self._roll_back)
        head.addWidget(self._cancel)
        steps = Card(16, name="Steps")
        steps.setFixedWidth(_STEPS_WIDTH)
        self._steps_card = steps
        steps.body.addWidget(Label("Steps", "md", 600))
        steps.body.addSpacing(12)
        steps.body.addWidget(self._steps)
        steps.body.addWidget(self._no_steps)
        steps.body.addStretch(1)
        parts = row(spacing=Space.MD)
        left = QVBoxLayout()
        left.addWidget(steps, 1)
        parts.addLayout(left)
        log_column = QVBoxLayout()
        log_column.setSpacing(Space.MD)
        log_column.addWidget(self._plan_card)
        log_column.addWidget(self.log, 1)
        parts.addLayout(log_column, 1)
        whole = column(head, self._problems, self._host_key, spacing=Space.MD, parent=self)
        whole.addLayout(parts, 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._steps_card.setFixedWidth(_STEPS_NARROW if event.size().width() < _NARROW_BELOW else _STEPS_WIDTH)
        super().resizeEvent(event)

    def pause(self) -> None:
        """Close the log's stream; what was read stays."""
        self._following.stop()

    def resume(self) -> None:
        """Go on reading the log where it was left."""
        self._following.start()

    def show_problem(self, problem: Problem) -> None:
        self._problems.show_problem(problem)

    def _take(self, piece: bytes) -> None:
        self._read_bytes += len(piece)
        self.log.append(piece)

    def _log_ended(self) -> None:
        deployment = self.deployment
        if deployment is not None:
            self.log.end(*words.deployment_state(deployment))

    def _changed(self, change: Change) -> None:
        if change.aspect is Aspect.DEPLOYMENT_LOG or not change.concerns(deployment_id=self._id):
            return
        if change.aspect in (Aspect.EVERYTHING, Aspect.DEPLOYMENT, Aspect.CONNECTION, Aspect.SERVICE):
            self._refresh()

    def _refresh(self) -> None:
        deployment = self.deployment
        if deployment is None:
            return
        now = self.context.now()
        state, tone = words.deployment_state(deployment)
        self._title.setText(f"Deployment #{deployment.number}")
        self._pill.set_state(state, tone)
        self._message.setText(words.superseded_words(deployment) or words.change_words(deployment))
        self._show_source(deployment)
        self._why.setText(self._who(deployment))
        waits = "" if deployment.state.is_final else f"waits, {words.position_words(deployment.queue_position)}"
        self._took.setText(words.deployment_duration(deployment, now) or waits or "never ran")
        self._plan_card.setVisible(deployment.plan is not None)
        if deployment.plan is not None:
            self._plan.show_plan(deployment.plan)
        self._steps.set_steps(step_lines(steps_of(deployment), now))
        is_final = deployment.state.is_final
        self._no_steps.setVisible(is_final and not deployment.steps)
        self._cancel.setVisible(not is_final)
        self._cancel.setEnabled(self._server.model.is_live and not deployment.is_cancelling)
        self._roll_back.setVisible(deployment.state in _MAY_ROLL_BACK)
        self._roll_back.setEnabled(self._server.model.is_live)
        if deployment.problem is not None and deployment.problem != self._shown_problem:
            self._shown_problem = deployment.problem
            self._problems.show_problem(deployment.problem)
            self._host_key.offer(deployment.problem)
        self._timer.stop() if is_final else self._timer.start(_TICK_MS)

    def _show_source(self, deployment: Deployment) -> None:
        self._commit.setText(words.short_commit(deployment.commit))
        self._commit_fact.setVisible(bool(deployment.commit))
        self._target_icon.set_icon("upload" if deployment.upload else "git-branch")
        self._target.setText(f"upload {deployment.upload}" if deployment.upload else deployment.branch)
        self._target_fact.setVisible(bool(deployment.upload or deployment.branch))
        newer = deployment.superseded_by
        self._newer.setVisible(newer is not None)
        self._newer.setText(f"Open #{newer}" if newer is not None else "")

    def _ask_newer(self) -> None:
        deployment = self.deployment
        if deployment is not None and deployment.superseded_by is not None:
            self.newer_asked.emit(deployment.superseded_by)

    def _who(self, deployment: Deployment) -> str:
        parts = (words.why(deployment), deployment.asked_by, words.ago(deployment.created_at, self.context.now()))
        return ", ".join(part for part in parts if part)

    def _deploy_again(self) -> None:
        self.act(
            "Deploy again",
            lambda: self._server.deploy(self._service_id),
            done=lambda made: self.newer_asked.emit(made.number),
            about=self._service_id,
        )

    def _ask_cancel(self) -> None:
        self._cancel.setEnabled(False)
        self.act(
            "Cancel the deployment", lambda: self._server.cancel_deployment(self._id), failed=self._cancel_failed,
            about=self._service_id,
        )  # fmt: skip

    def _cancel_failed(self, problem: Problem) -> None:
        self._cancel.setEnabled(True)
        self.show_problem(problem)
