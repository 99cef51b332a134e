"""`profiles policies`: rules that profiles include, built in and of the workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from oms_import.cli import diagnostics, output
from oms_import.cli.options import AsJson, Where, opened_if_any
from oms_import.model.errors import SettingError

if TYPE_CHECKING:
    from oms_import.workspace import Workspace


def register(app: typer.Typer) -> None:
    """Add the command to those of `profiles`."""
    app.command("policies", short_help="List the policies, or show one.")(policies)


def policies(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Show this one, with what it includes.")
    ] = None,
    json: AsJson = False,
    workspace: Where = None,
) -> None:
    """List the policies that profiles can include, and which channels do; or show one.

    \b
    Example:
        oms-import profiles policies
        oms-import profiles policies b2b-strict
    """
    from oms_import.profiles.included import checked_policy
    from oms_import.report.listed import profile_shown
    from oms_import.report.policies import policies_list

    space = opened_if_any(context, workspace)
    if name is None:
        found = _listed(space)
        document: dict[str, object] = {"schema": 1, "policies": found}
        drawing = policies_list(found, output.look())
    else:
        policy = checked_policy(name, space.policies if space else None)
        shown = policy.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        document = {"schema": 1, "policy": {"name": name, **shown}}
        drawing = profile_shown(shown, output.look())
    if json:
        output.document(document)
    else:
        output.show(drawing)


def checked(space: Workspace) -> list[dict[str, object]]:
    """The verdict on each policy of the workspace, also where no profile includes it."""
    from oms_import.profiles.included import checked_policy, own_policies

    found: list[dict[str, object]] = []
    for name, path in own_policies(space.policies).items():
        problems, hint = list[str](), ""
        try:
            checked_policy(name, space.policies)
        except SettingError as error:
            problems, hint = diagnostics.placed(error).splitlines(), error.hint
        found.append({"name": str(path), "ok": not problems, "problems": problems, "hint": hint})
    return found


def _listed(space: Workspace | None) -> list[dict[str, object]]:
    from oms_import.profiles.included import builtin_policies, own_policies

    own = own_policies(space.policies if space else None)
    rows = [(name, "workspace") for name in own]
    rows += [(name, "built-in") for name in builtin_policies() if name not in own]
    users = _users(space)
    return [_row(name, origin, users.get(name, []), space) for name, origin in rows]


def _row(name: str, origin: str, users: list[str], space: Workspace | None) -> dict[str, object]:
    from oms_import.profiles.included import checked_policy

    row: dict[str, object] = {"name": name, "from": origin, "title": "", "used_by": users}
    try:
        policy = checked_policy(name, space.policies if space else None)
    except SettingError as error:
        return row | {"include": list[str](), "problems": error.message.splitlines()}
    return row | {
        "title": policy.title,
        "include": list(policy.include),
        "problems": list[str](),
    }


def _users(space: Workspace | None) -> dict[str, list[str]]:
    """Policy → the sound channels that include it themselves."""
    from oms_import.profiles.load import sound_channels

    users: dict[str, list[str]] = {}
    for profile in sound_channels(space.profiles)[0] if space else ():
        scopes = (profile.rules, *profile.rules.segment.values())
        for name in dict.fromkeys(name for one in scopes for name in one.include):
            users.setdefault(name, []).append(profile.name)
    return users
