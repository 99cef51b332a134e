"""The progress of a run: a bar of bytes by channel, only where someone watches."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from oms_import.cli import diagnostics

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

Progress = Callable[[str, int, int], None]


@contextmanager
def shown(wanted: bool) -> Generator[Progress]:
    """A function to report progress to; it draws on a terminal and else does nothing."""
    if not wanted or not diagnostics.watched():
        yield _nothing
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=diagnostics.console(), transient=True) as bars:
        yield _Drawing(bars).report


class _Drawing:
    """One bar a channel, made when the channel first reports."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def report(self, label: str, done: int, total: int) -> None:
        from oms_import.report.look import safe

        if label not in self._tasks:
            self._tasks[label] = self._bars.add_task(safe(label), total=total)
        self._bars.update(self._tasks[label], completed=done, total=total)


def _nothing(label: str, done: int, total: int) -> None:
    del label, done, total
