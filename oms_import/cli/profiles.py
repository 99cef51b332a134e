"""`profiles`: the built-in profiles and those of the workspace."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from oms_import.cli import diagnostics, drafting, output, policies
from oms_import.cli.options import AsJson, Where, opened, opened_if_any
from oms_import.model.errors import SettingError

app = typer.Typer(help="List, show and check profiles.", no_args_is_help=True)
policies.register(app)
drafting.register(app)

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="A channel, a built-in profile, or a path.")
]


@app.command("list")
def list_(context: typer.Context, json: AsJson = False, workspace: Where = None) -> None:
    """List the built-in profiles and the channels of the workspace.

    \b
    Example:
        oms-import profiles list
    """
    from oms_import.profiles.load import builtin, builtin_names, channels
    from oms_import.report.listed import profiles_list

    space = opened_if_any(context, workspace)
    own = channels(space.profiles) if space else []
    rows = [("workspace", one) for one in own]
    rows += [("built-in", builtin(name)) for name in builtin_names()]
    found: list[dict[str, object]] = [
        {
            "name": profile.name,
            "from": origin,
            "title": profile.title,
            "version": profile.version,
            "extends": profile.extends,
            "reader": profile.format.reader,
        }
        for origin, profile in rows
    ]
    if json:
        output.document({"schema": 1, "profiles": found})
    else:
        output.show(profiles_list(found, output.look()))


@app.command("show")
def show(context: typer.Context, name: Name, json: AsJson = False, workspace: Where = None) -> None:
    """Show a profile with everything it extends and includes filled in.

    \b
    Example:
        oms-import profiles show shopify-csv
    """
    from oms_import.profiles.load import find_profile
    from oms_import.report.listed import profile_shown

    space = opened_if_any(context, workspace)
    profile = find_profile(name, space.profiles if space else None)
    found = profile.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    if json:
        output.document({"schema": 1, "profile": found})
    else:
        output.show(profile_shown(found, output.look()))


@app.command("check")
def check(
    context: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME", help="Names or paths; default: the workspace's."),
    ] = None,
    sample: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="Try the profile on this file; may be repeated."),
    ] = None,
    json: AsJson = False,
    workspace: Where = None,
) -> None:
    """Check profiles: keys, fields, expressions, what they extend. Exit code 2 if one is wrong.

    \b
    Example:
        oms-import profiles check profiles/shop-a.toml
        oms-import profiles check shop-a --sample orders.csv
    """
    from oms_import.report.listed import profiles_checked

    space = opened_if_any(context, workspace) if names else opened(context, workspace)
    directory = space.profiles if space else None
    own = sorted(directory.glob("*.toml")) if directory else []
    wanted = names or [str(path) for path in own]
    results = [_checked(name, directory) for name in wanted]
    if sample:
        from oms_import.sampled import sampled

        for result in results:
            if result["ok"]:
                result["samples"] = sampled(str(result["name"]), sample, space)
    results += policies.checked(space) if space and not names else []
    if json:
        output.document({"schema": 1, "profiles": results})
    else:
        output.show(profiles_checked(results, output.look()))
    if not all(result["ok"] for result in results):
        raise typer.Exit(SettingError.exit_code)


@app.command("schema")
def schema(json: AsJson = True) -> None:  # noqa: ARG001 - it is JSON either way
    """Print the JSON Schema of profiles, for editors that check and complete TOML.

    \b
    Example:
        oms-import profiles schema > profile.schema.json
    """
    from oms_import.profiles.schema import json_schema

    output.document(json_schema())


def _checked(name: str, directory: Path | None) -> dict[str, object]:
    from oms_import.profiles.load import find_profile

    try:
        find_profile(name, directory)
    except SettingError as error:
        problems = diagnostics.placed(error).splitlines()
        return {"name": name, "ok": False, "problems": problems, "hint": error.hint}
    return {"name": name, "ok": True, "problems": list[str](), "hint": ""}
