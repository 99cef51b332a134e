"""Policies that rules include: looked up in the workspace, then built in, and merged in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, reduce
from importlib import resources
from pathlib import Path
from typing import Any

from oms_import.model.errors import SettingError
from oms_import.profiles.merging import merged
from oms_import.profiles.policies import PolicyFile, Rules, RuleSet
from oms_import.profiles.problems import located, nearest
from oms_import.profiles.rule_checks import rule_problems
from oms_import.profiles.sound import Remains, sound
from oms_import.profiles.texts import refused, table_of, text_of
from oms_import.profiles.walk import Path as KeyPath

FOLDER = "policies"
"""The folder of policies, beside that of profiles."""


@cache
def builtin_policies() -> tuple[str, ...]:
    """Names of the policies that ship with oms-import."""
    return tuple(sorted(path.name.removesuffix(".toml") for path in _shipped()))


def policy_text(name: str) -> str:
    """The TOML of a built-in policy."""
    folder = resources.files("oms_import.profiles").joinpath("builtin_policies")
    return folder.joinpath(f"{name}.toml").read_text("utf-8")


def own_policies(folder: Path | None) -> dict[str, Path]:
    """The workspace's policies: name → file."""
    found = sorted(folder.glob("*.toml")) if folder and folder.is_dir() else []
    return {path.stem: path for path in found}


@dataclass(frozen=True, slots=True)
class Written:
    """A TOML text as people know it, to tell lines of it."""

    text: str
    where: str

    def told(self, path: KeyPath, problem: str) -> str:
        """A sentence about a key, with file and line."""
        return located(self.text, self.where, path, problem)


@dataclass(slots=True)
class Policies:
    """Reads policies and what they include; keeps what is wrong with them."""

    folder: Path | None
    problems: list[str] = field(default_factory=list[str])

    def into(self, rules: Rules, own: Rules, written: Written, path: KeyPath = ()) -> Rules:
        """Rules with everything they include.

        Args:
            rules: with what is below them, where a profile extends another.
            own: what they say themselves; it goes before all policies.
            written: where they are written.
            path: where in that text: `rules` of a profile, the top of a policy.
        """
        return self._into(rules, own, written, path, ())

    def read(self, name: str) -> PolicyFile | None:
        """A policy with everything it includes; None where it is wrong or not there."""
        return self._read(name, ())

    def names(self) -> list[str]:
        """Every policy that can be included."""
        return sorted({*own_policies(self.folder), *builtin_policies()})

    def _into(
        self, rules: Rules, own: Rules, written: Written, path: KeyPath, seen: tuple[str, ...]
    ) -> Rules:
        if not any(one.include for one in (rules, *rules.segment.values())):
            return rules
        layers = [_without(rules, own)]
        layers += self._included(rules, written, path, seen)
        for name, theirs in rules.segment.items():
            here = (*path, "segment", name)
            for one in self._included(theirs, written, here, seen):
                layers += self._for_segment(name, one, written, here)
        return reduce(merged, [*layers, own]).model_copy(update={"include": rules.include})

    def _included(
        self, rules: RuleSet, written: Written, path: KeyPath, seen: tuple[str, ...]
    ) -> Iterator[PolicyFile]:
        for name in rules.include:
            problem = self._refused(name, seen)
            if problem:
                self.problems.append(written.told((*path, "include"), problem))
            elif found := self._read(name, seen):
                yield _settled(found)

    def _for_segment(
        self, name: str, policy: PolicyFile, written: Written, path: KeyPath
    ) -> Iterator[Rules]:
        """A policy as the rules of one segment; what only a whole channel can have is refused."""
        wrong = [key for key in ("segment", "total_tolerance") if _says(policy, key)]
        for key in wrong:
            told = f"a policy with {key} is for the whole channel: include it in [rules]"
            self.problems.append(written.told((*path, "include"), told))
        if not wrong:
            said = {key: getattr(policy, key) for key in RuleSet.model_fields}
            yield Rules(segment={name: RuleSet(**said)})

    def _refused(self, name: str, seen: tuple[str, ...]) -> str | None:
        if name in seen:
            circle = " → ".join([*seen[seen.index(name) :], name])
            return f"policies include each other: {circle}"
        if name not in self.names():
            return f"there is no policy {name!r}{nearest(name, self.names())}"
        return None

    def _read(self, name: str, seen: tuple[str, ...]) -> PolicyFile | None:
        path = own_policies(self.folder).get(name)
        where = f"built-in policy {name}" if path is None else str(path)
        before = len(self.problems)
        try:
            written = Written(policy_text(name) if path is None else text_of(path), where)
            policy = self._parsed(written)
        except SettingError as error:
            self.problems.append(error.message)
            return None
        if policy is None:
            return None
        rules = self._into(policy, policy, written, (), (*seen, name))
        whole = PolicyFile(**_said(rules), title=policy.title)
        return whole if len(self.problems) == before else None

    def _parsed(self, written: Written) -> PolicyFile | None:
        remains = Remains(table_of(written.text, written.where))
        read = sound(remains, written.text, written.where, PolicyFile)
        wrong = rule_problems(read.value, ()) if read.value else ()
        self.problems += read.problems
        self.problems += [written.told(path, t) for path, t in wrong if not remains.caused(path)]
        return read.value


def _shipped() -> list[Any]:
    folder = resources.files("oms_import.profiles").joinpath("builtin_policies")
    return [path for path in folder.iterdir() if path.name.endswith(".toml")]


def _settled(policy: PolicyFile) -> PolicyFile:
    """A policy that no longer says what it was made of."""
    segment = {name: own.model_copy(update={"include": ()}) for name, own in policy.segment.items()}
    return policy.model_copy(update={"include": (), "segment": segment})


def _says(policy: PolicyFile, key: str) -> bool:
    return key in policy.model_fields_set and bool(getattr(policy, key))


def _said(rules: Rules) -> dict[str, Any]:
    """What rules state, without what they only have by default."""
    return {name: getattr(rules, name) for name in rules.model_fields_set if name != "title"}


def _without(rules: Rules, own: Rules) -> Rules:
    """What is below the own rules: what they say nothing of, so that policies may go before it."""
    below = _left(rules.model_dump(exclude_unset=True), own.model_dump(exclude_unset=True))
    below.pop("title", None)
    return Rules.model_validate(below)


def _left(whole: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in whole.items():
        if key not in own:
            found[key] = value
        elif isinstance(value, dict) and isinstance(own[key], dict):
            found[key] = _left(value, own[key])
    return found


def checked_policy(name: str, folder: Path | None) -> PolicyFile:
    """A policy with everything it includes.

    Raises:
        SettingError: there is none of that name; or names file, line and key of every problem.
    """
    policies = Policies(folder)
    known = policies.names()
    if name not in known:
        raise SettingError(
            f"there is no policy {name}{nearest(name, known)}",
            hint="`oms-import profiles policies` lists them",
            location=name,
        )
    found = policies.read(name)
    if found is None:
        raise refused(policies.problems, name)
    return found
