"""`profiles new` and `profiles diff`: a profile drafted from a sample, and two compared."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from oms_import.cli import output
from oms_import.cli.options import AsJson, Where, opened_if_any
from oms_import.model.errors import SettingError

if TYPE_CHECKING:
    from oms_import.drafting.draft import Draft
    from oms_import.drafting.sample import Sample
    from oms_import.workspace import Workspace

_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
_ASKED = {
    "defaults.currency": "Currency of the amounts (ISO 4217, e.g. EUR)",
    "defaults.country": "Country of the addresses (ISO 3166, e.g. DE)",
}


def register(app: typer.Typer) -> None:
    """Add the commands to those of `profiles`."""
    app.command("new", short_help="Draft a profile from a sample file.")(new)
    app.command("diff", short_help="Show in what two profiles differ.")(diff)


def new(
    context: typer.Context,
    sample: Annotated[
        str, typer.Option("--from", metavar="SAMPLE", help="A file of the channel, with orders.")
    ],
    name: Annotated[
        str | None,
        typer.Option(metavar="N", help="The channel's name; in a workspace, profiles/N.toml."),
    ] = None,
    out: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write the profile to this file.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a profile.")] = False,
    from_scratch: Annotated[
        bool, typer.Option("--from-scratch", help="Do not extend a built-in profile that fits.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Ask nothing, also in a terminal.")
    ] = False,
    json: AsJson = False,
    workspace: Where = None,
) -> None:
    """Draft a profile from one sample: its format, and which column is what, with how sure.

    Without a file to write to, the profile itself is printed.

    \b
    Example:
        oms-import profiles new --from orders.csv > shop-a.toml
        oms-import profiles new --from orders.csv --name shop-a
    """
    from oms_import.drafting.document import drafted
    from oms_import.drafting.draft import draft, name_of
    from oms_import.drafting.sample import open_sample

    space = opened_if_any(context, workspace)
    path = Path(sample)
    called = name or name_of(Path(out) if out else path)
    target = _target(called, name is not None, out, space)
    _refuse_taken(target, force=force)
    found = open_sample(path)
    result = drafted(called, draft(found), from_scratch=from_scratch)
    if result.extension is None and not yes and not json and _in_terminal():
        result = drafted(called, _asked(found, result.draft), from_scratch=True)
    if target is not None:
        _write(target, result.toml)
    _told(result.as_json(str(target) if target else None), json=json)


def diff(
    context: typer.Context,
    a: Annotated[str, typer.Argument(metavar="A", help="A channel, a built-in profile, a path.")],
    b: Annotated[str, typer.Argument(metavar="B", help="The other one.")],
    json: AsJson = False,
    workspace: Where = None,
) -> None:
    """Show in what two profiles differ, everything they extend filled in.

    \b
    Example:
        oms-import profiles diff shopify-csv shop-a
    """
    from oms_import.drafting.differences import differences
    from oms_import.profiles.load import find_profile
    from oms_import.report.drafted import differences_shown

    space = opened_if_any(context, workspace)
    directory = space.profiles if space else None
    changes = differences(find_profile(a, directory), find_profile(b, directory))
    document = {"schema": 1, "a": a, "b": b, "changes": changes}
    if json:
        output.document(document)
    else:
        output.show(differences_shown(document, output.look()))


def _target(called: str, named: bool, out: str | None, space: Workspace | None) -> Path | None:
    """Where the draft goes; None: to standard output."""
    if not _NAME.match(called):
        raise SettingError(
            f"{called!r} is no name of a channel",
            hint="use letters, digits, hyphens, dots and underscores",
            location="--name",
        )
    if out:
        return Path(out)
    return space.profiles / f"{called}.toml" if space and named else None


def _refuse_taken(target: Path | None, *, force: bool) -> None:
    if target is not None and target.exists() and not force:
        raise SettingError(
            f"{target} is there already",
            hint="say --force to overwrite it, or --out FILE",
            location=str(target),
        )


def _write(target: Path, text: str) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    except OSError as error:
        raise SettingError(
            f"{target} cannot be written: {error.strerror}",
            hint="check path and permissions",
            location=str(target),
        ) from error


def _told(document: dict[str, Any], *, json: bool) -> None:
    """JSON; the table where the profile went into a file or people look; else the profile."""
    if json:
        output.document(document)
        return
    from oms_import.report.drafted import draft_shown, draft_written

    look = output.look()
    if document["path"]:
        output.show([*draft_shown(document, look), *draft_written(document, look)])
        return
    if sys.stdout.isatty():
        output.show(draft_shown(document, look))
        output.write("\n")
    output.write(document["toml"])


def _in_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _asked(sample: Sample, found: Draft) -> Draft:
    """The draft after a person chose where it was not sure."""
    from oms_import.drafting.draft import draft
    from oms_import.report.look import safe

    told: dict[str, str | None] = {}
    for field in found.unsure():
        several = found.candidates(field)
        typer.echo(f"\n{field}: which column?")
        for number, one in enumerate(several, 1):
            typer.echo(f"  {number}) {safe(one.column)}   {one.points} %: {safe(one.why)}")
        typer.echo("  0) none of them")
        first = 1 if field in found.written else 0
        choice = _number(first, len(several))
        told[field] = several[choice - 1].column if choice else None
    defaults: dict[str, str] = {}
    for key, _ in found.missing():
        if key in _ASKED:
            said = typer.prompt(f"\n{_ASKED[key]}; empty: decide later", default="")
            if said.strip():
                defaults[key.removeprefix("defaults.")] = said.strip().upper()
    return draft(sample, told, defaults)


def _number(first: int, last: int) -> int:
    """A number from 0 to `last`, asked for until it is one; Enter is `first`."""
    while True:
        said = typer.prompt("Number", default=first, type=int)
        if 0 <= said <= last:
            return int(said)
        typer.echo(f"a number from 0 to {last}")
