"""What a benchmark found: a value, the reference measured in the same run, and the goal; printed, and kept for the
table.

A benchmark fails when it cannot run to its end, never for a missed goal: how fast a machine is today is no test.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

KEPT_IN: Final = "GODPLOY_BENCH_FIGURES"
"""Names the file that `publish` adds to, for whoever runs several benchmarks and wants one table."""


@dataclass(frozen=True)
class Figure:
    """One thing measured. `value` is what the goal is about; `goal` None: only worth knowing.

    With `not_run`, why there is no value.
    """

    name: str
    value: float = 0.0
    unit: str = ""
    measured: str = ""
    reference: str = ""
    goal: float | None = None
    is_at_most: bool = True
    not_run: str = ""

    @property
    def is_reached(self) -> bool | None:
        """Whether the goal is reached; None without a goal or a value."""
        if self.goal is None or self.not_run:
            return None
        return self.value <= self.goal if self.is_at_most else self.value >= self.goal

    @property
    def cells(self) -> tuple[str, ...]:
        """The row of the table, as HEAD names its columns."""
        if self.not_run:
            return (self.name, "-", f"not run: {self.not_run}", "", "", "not run")
        goal = "" if self.goal is None else f"{'<=' if self.is_at_most else '>='} {self.goal:g}{self.unit}"
        verdict = {True: "reached", False: "NOT reached", None: ""}[self.is_reached]
        return (self.name, f"{self.value:.2f}{self.unit}", self.measured, self.reference, goal, verdict)


HEAD: Final = ("what", "result", "measured", "reference in the same run", "goal", "")


def table(figures: Iterable[Figure]) -> str:
    """Give back the figures as one table."""
    rows = [HEAD, *(each.cells for each in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])


def publish(figures: list[Figure]) -> None:
    """Print figures, and keep them where KEPT_IN says."""
    for each in figures:
        name, result, measured, reference, goal, verdict = each.cells
        against = f" against {reference}" if reference else ""
        aim = f"; goal {goal}: {verdict}" if goal else ""
        print(f"{name}: {measured}" if each.not_run else f"{name}: {result} ({measured}{against}){aim}", flush=True)
    if kept_in := os.environ.get(KEPT_IN):
        with Path(kept_in).open("a") as file:
            file.writelines(json.dumps(asdict(each)) + "\n" for each in figures)


def kept(path: Path) -> list[Figure]:
    """Give back the figures that were kept in a file."""
    return [Figure(**json.loads(line)) for line in path.read_text().splitlines()] if path.exists() else []
