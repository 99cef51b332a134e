"""Failures that end something bigger than an order; each class is one kind of recovery."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from oms_import.model.finding import Finding


GRAVEST_FIRST = (12, 7, 6, 5, 4, 1, 2, 11, 3)
"""Exit codes: where several apply, the first of these."""


def gravest(codes: Collection[int]) -> int:
    """The exit code that tells the most of several; 0 where there is none."""
    return next((code for code in GRAVEST_FIRST if code in codes), 0)


class OmsImportError(Exception):
    """Base of every failure we explain to a person: code, what is wrong, what to do, where."""

    exit_code = 1
    code = "INTERNAL"

    def __init__(
        self, message: str, *, hint: str = "", location: str = "", code: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.location = location
        if code is not None:
            self.code = code

    def as_json(self) -> dict[str, object]:
        """The error as cli.md shows it: `{"error": {"code", "message", "hint", "location"}}`."""
        return {
            "error": {
                "code": self.code,
                "message": self.message,
                "hint": self.hint,
                "location": self.location,
            }
        }


class SettingError(OmsImportError):
    """A command, setting or profile is wrong: fix it and run again (exit 2)."""

    exit_code = 2
    code = "CONFIG"


class SourceUnreachableError(OmsImportError):
    """A source could not be reached: try again later (exit 5)."""

    exit_code = 5
    code = "SOURCE_UNREACHABLE"


class AuthenticationError(OmsImportError):
    """A source refused our credentials, or we refused its host key (exit 6)."""

    exit_code = 6
    code = "AUTHENTICATION"


class OutputError(OmsImportError):
    """Disk or output failed: free space or fix permissions, then run again (exit 7)."""

    exit_code = 7
    code = "OUTPUT"


class LockHeldError(OmsImportError):
    """Another run holds the workspace (exit 11)."""

    exit_code = 11
    code = "LOCKED"


class StateError(OmsImportError):
    """The stored state contradicts itself; a person must decide (exit 12)."""

    exit_code = 12
    code = "STATE"


class DropRejectedError(Exception):
    """A whole drop cannot be read; its findings say why. Never leaves the run."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__("; ".join(finding.code for finding in findings))
        self.findings = findings
