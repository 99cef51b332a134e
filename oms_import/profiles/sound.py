"""What is sound of a table with mistakes, so that all its mistakes are told in one round.

What is wrong is left out and the rest is read; what then fails only because of what was left out
is not told.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from oms_import.profiles.problems import describe_each, error_path
from oms_import.profiles.walk import Path

_ROUNDS = 9  # each leaves out what is wrong; what is needed takes its table with it
_GONE = object()
_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(slots=True)
class Remains:
    """A table of which parts are taken out; knows where the others stood."""

    table: Any
    gone: list[Path] = field(default_factory=list[Path])
    _kept: dict[Path, list[int]] = field(default_factory=dict[Path, list[int]])

    def original(self, path: Path) -> Path:
        """The path that something had before entries of lists above it were taken out."""
        found: Path = ()
        for part in path:
            kept = self._kept.get(found)
            at = kept[part] if kept and isinstance(part, int) and part < len(kept) else part
            found = (*found, at)
        return found

    def caused(self, path: Path) -> bool:
        """Whether a fault there (an original path) may come of something that was taken out."""
        return any(path[: len(one)] == one or one[: len(path)] == path for one in self.gone)

    def take_out(self, paths: Iterable[Path]) -> None:
        """Take out what stands at these paths; where nothing does, the table that lacks it."""
        # The last first: entries before one that is taken out stay where they are.
        ordered = sorted(set(paths), key=_order, reverse=True)
        self.gone += [self.original(path) for path in ordered]
        for path in ordered:
            left = self._cut(self.table, path, ())
            self.table = {} if left is _GONE else left

    def _cut(self, node: Any, path: Path, above: Path) -> Any:
        if not path or not _has(node, path[0]):
            return _GONE
        part = path[0]
        below = self._cut(node[part], path[1:], (*above, self._placed(above, part)))
        if below is not _GONE:
            return _with(node, part, below)
        if isinstance(node, dict):
            return {key: value for key, value in node.items() if key != part}
        kept = self._kept.setdefault(above, list(range(len(node))))
        del kept[int(part)]
        return [value for at, value in enumerate(node) if at != part]

    def _placed(self, above: Path, part: str | int) -> str | int:
        kept = self._kept.get(above)
        return kept[part] if kept and isinstance(part, int) else part


@dataclass(frozen=True, slots=True)
class Sound(Generic[_Model]):
    """What could be read, and what is wrong with the rest."""

    value: _Model | None
    problems: list[str]
    remains: Remains


def sound(remains: Remains, text: str, where: str, model: type[_Model]) -> Sound[_Model]:
    """Read a table as a model; None where not even a part of it can be read."""
    problems: list[str] = []
    for _ in range(_ROUNDS):
        try:
            return Sound(model.model_validate(remains.table), problems, remains)
        except ValidationError as error:
            paths = [error_path(one) for one in error.errors()]
            news = [not remains.caused(remains.original(path)) for path in paths]
            told = describe_each(error, text, where, model, remains.original)
            problems += [one for one, new in zip(told, news, strict=True) if new]
            remains.take_out(paths)
    return Sound(None, problems, remains)


def _order(path: Path) -> list[tuple[int, str]]:
    return [(part, "") if isinstance(part, int) else (-1, part) for part in path]


def _has(node: Any, part: str | int) -> bool:
    if isinstance(node, dict):
        return part in node
    return isinstance(node, list) and isinstance(part, int) and part < len(node)


def _with(node: Any, part: str | int, value: Any) -> Any:
    if isinstance(node, dict):
        return {**node, part: value}
    return [value if at == part else one for at, one in enumerate(node)]
