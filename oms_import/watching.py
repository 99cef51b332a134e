"""`watch`: the run again and again, for feeds that cannot wait for the night."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from time import monotonic

from oms_import.model.errors import OmsImportError, SettingError, StateError
from oms_import.model.report import RunReport
from oms_import.run import execute
from oms_import.work import RunRequest
from oms_import.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Round:
    """What one round came to: a report, or why there is none."""

    number: int  # from 1
    at: datetime  # when it began, UTC
    report: RunReport | None = None
    error: OmsImportError | None = None

    @property
    def exit_code(self) -> int:
        """As `run` would have ended."""
        if self.report is not None:
            return self.report.exit_code
        return self.error.exit_code if self.error else 0


def watch(
    workspace: Workspace,
    request: RunRequest,
    every: float,
    wait: Callable[[float], None],
    rounds: int | None = None,
) -> Iterator[Round]:
    """Run once every `every` seconds, counted from beginning to beginning; never two at a time.

    What goes wrong in a round is told and the next round tries again, since a server that is down
    or a full disk may be well by then.

    Args:
        workspace: the workspace.
        request: what each round runs.
        every: seconds; a round that takes longer is followed at once by the next.
        wait: sleeps so many seconds.
        rounds: how many; None: until someone ends us.

    Raises:
        StateError: a person must decide; going on would not help.
        SettingError: what we were started with is wrong, so that not even the first round runs.
    """
    for number in count(1):
        begun, at = monotonic(), datetime.now(UTC)
        try:
            yield Round(number, at, execute(workspace, request, _untold))
        except StateError:
            raise
        except OmsImportError as error:
            if number == 1 and isinstance(error, SettingError):
                raise
            if request.stopped():
                raise
            yield Round(number, at, error=error)
        if rounds is not None and number >= rounds:
            return
        wait(max(0.0, every - (monotonic() - begun)))


def _untold(channel: str, done: int, total: int) -> None:
    """Nobody looks at the progress of a round."""
