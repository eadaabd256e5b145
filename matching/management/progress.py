"""Show how far a plan is: as a live bar for people, or as lines of JSON for machines."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.core.management.base import OutputWrapper
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from matching.engine import Step


@contextmanager
def shown(how: str, stderr: OutputWrapper) -> Iterator[Callable[[Step], None]]:
    """Give a function that shows each step. `how` is bar (only if stderr is a terminal), json or none."""
    if how == "json":
        yield lambda step: stderr.write(json.dumps(as_plain(step)))
    elif how == "bar" and sys.stderr.isatty():
        columns = (
            TextColumn("{task.description:>8}"),
            BarColumn(),
            TextColumn("{task.fields[figures]}"),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("read", total=1.0, figures="")
            yield lambda step: bar.update(
                task, description=step.phase, completed=step.done, figures=step_in_words(step)
            )
    else:
        yield lambda step: None


def as_plain(step: Step) -> dict[str, str | float | None]:
    """Return the step as one flat dict."""
    return {
        "phase": step.phase,
        "done": round(step.done, 4),
        "objective": step.objective,
        "bound": step.bound,
        "gap": step.gap,
    }


def step_in_words(step: Step) -> str:
    """Return in words the figures of the step that are known."""
    words = []
    if step.objective is not None:
        words.append(f"objective {step.objective:,.0f}")
    if step.bound is not None:
        words.append(f"bound {step.bound:,.0f}")
    if step.gap is not None:
        words.append(f"gap {step.gap:.2%}")
    return ", ".join(words)
