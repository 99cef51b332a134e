"""The survey of a flat IDoc file: its control records, its segment types, and what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl

from oms_import.model.codes import Code
from oms_import.model.edi import Fault
from oms_import.model.finding import Finding, Location, Severity
from oms_import.readers.csv_text import Text
from oms_import.readers.edi.idoc_control import (
    ENVELOPE_FIELDS,
    Extent,
    Register,
    control_values,
    records_of,
)
from oms_import.readers.edi.idoc_lines import (
    STRAY,
    Block,
    blocks,
    is_release_3,
    is_sound,
    lead,
    lines,
    tags,
    with_places,
)

_FAULTS = 1000  # of a kind in one block; each condemns its message, the first is what is said


@dataclass(slots=True)
class Survey:
    """What a file holds."""

    register: Register = field(default_factory=Register)
    tags: dict[str, None] = field(default_factory=dict[str, None])  # of orders' segments
    oddities: dict[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    """What is odd but condemns nothing → how often, and the first line."""
    widths: dict[str, int] = field(default_factory=dict[str, int])
    """Segment name → its records' length where they are padded to one."""

    def odd(self, what: str, count: int, line: int) -> None:
        """Count an oddity."""
        before, first = self.oddities.get(what, (0, line))
        self.oddities[what] = (before + count, first)

    def warnings(self) -> list[Finding]:
        """The oddities as findings about the drop."""
        return [
            Finding(
                Code.EDI_SEGMENT,
                detail=f"{count} times {what}, first on line {line}",
                severity=Severity.WARNING,
                location=Location(line=line),
            )
            for what, (count, line) in self.oddities.items()
        ]


def survey(text: Text) -> Survey:
    """Look at all of a flat file, in blocks."""
    found = Survey()
    line = 1
    for block in blocks(text):
        last = block.offset + len(block.data) >= text.size
        _look(found, block, line, last=last)
        line += block.data.count(b"\n")
    return found


def _look(found: Survey, block: Block, line: int, *, last: bool) -> None:
    frame = with_places(lines(block)).with_columns((pl.col("_row") + line).alias("_line"))
    before = frame.filter(pl.col("_idoc") == 0)
    if before.height:
        found.odd("a line before the first EDI_DC40, left out", before.height, before["_line"][0])
    frame = frame.filter(pl.col("_idoc") > 0)
    if frame.is_empty():
        return
    found.tags |= dict.fromkeys(tags(frame).get_column("tag"))
    base = len(found.register.interchanges)
    _register(found.register, frame, block)
    data = frame.filter(~pl.col("_control")).with_columns(pl.col("_idoc") + base)
    checked = (_stray(data), _cut_short(found, data), _foreign(found, data))
    found.register.faults.extend(fault for faults in checked for fault in faults)
    _numbering(found, data)
    if last:
        _end(found, frame.tail(1), block)


def _register(register: Register, frame: pl.DataFrame, block: Block) -> None:
    """Write the block's IDocs down; each reaches to the next one."""
    heads = frame.filter(pl.col("_control")).select("text", "_line", "_byte_from")
    counts = frame.group_by("_idoc").agg(pl.len().alias("n") - 1).sort("_idoc").get_column("n")
    ends = [*heads.get_column("_byte_from").to_list()[1:], block.offset + len(block.data)]
    for (record, line, byte), count, end in zip(heads.iter_rows(), counts, ends, strict=True):
        header = str(record).rstrip()
        extent = Extent(segments=count, line=line, byte_from=byte, byte_to=end)
        number = register.add(control_values(header, ENVELOPE_FIELDS), extent, header)
        if len(header) < _shortest(header):
            detail = f"the control record ends after {len(header)} characters"
            register.faults.append(
                Fault("EDI_HEADER", number, detail, number, number, byte=byte, line=line)
            )
        if not count:
            detail = "the IDoc has no data records"
            register.faults.append(
                Fault("EDI_TRUNCATED", number, detail, number, number, byte=byte, line=line)
            )


def _shortest(header: str) -> int:
    """A control record reaches beyond DOCNUM at least; the blanks at its end may be cut off."""
    control = records_of(header).control
    return sum(control.lengths[:3])


def _stray(data: pl.DataFrame) -> Iterator[Fault]:
    """Lines that are no data record, or end within what leads one."""
    length, name = pl.col("text").str.len_chars(), is_sound()
    shortest = pl.when(is_release_3()).then(35 + 3).otherwise(49)
    bad = data.filter(~name.fill_null(value=False) | (length < shortest))
    for row in bad.head(_FAULTS).iter_rows(named=True):
        said = row["text"][:40].rstrip()
        yield _fault("EDI_SEGMENT", row, f'"{said}" is no data record')


def _cut_short(found: Survey, data: pl.DataFrame) -> Iterator[Fault]:
    """Records that end before their like do, where those are padded with blanks."""
    sized = data.with_columns(
        pl.col("text").str.len_chars().alias("_length"),
        pl.col("text").str.ends_with(" ").alias("_padded"),
    )
    likes = sized.group_by("_name").agg(
        pl.col("_length").max().alias("_width"),
        pl.col("_padded").filter(pl.col("_length") == pl.col("_length").max()).any(),
    )
    for name, width, padded in likes.iter_rows():
        if padded:
            found.widths[name] = max(width, found.widths.get(name, 0))
    widths = pl.DataFrame(
        list(found.widths.items()), schema={"_name": pl.String, "_width": pl.Int64}, orient="row"
    )
    short = sized.join(widths, on="_name", how="inner", maintain_order="left").filter(
        (pl.col("_length") < pl.col("_width")) & ~pl.col("_padded") & is_sound()
    )
    for row in short.head(_FAULTS).iter_rows(named=True):
        detail = f"the record ends after {row['_length']} of {row['_width']} characters"
        yield _fault("EDI_SEGMENT", row, detail)


def _foreign(found: Survey, data: pl.DataFrame) -> Iterator[Fault]:
    """Records whose DOCNUM is another IDoc's: a control record is missing between them."""
    if data.is_empty():
        return
    base = int(data["_idoc"][0]) - 1
    own = [interchange.control for interchange in found.register.interchanges[base:]]
    names = pl.DataFrame({"_idoc": pl.int_range(base + 1, base + len(own) + 1, eager=True)})
    names = names.with_columns(pl.Series("_own", own, pl.String))
    docnum = data.with_columns(pl.col("_idoc").cast(pl.Int64), lead("DOCNUM").alias("_docnum"))
    other = pl.col("_docnum") != pl.col("_own").cast(pl.Int64, strict=False)
    wrong = (
        docnum.join(names, on="_idoc", how="left", maintain_order="left")
        .filter((pl.col("_docnum") > 0) & other)
        .unique("_idoc", keep="first", maintain_order=True)
    )
    for row in wrong.head(_FAULTS).iter_rows(named=True):
        detail = f"DOCNUM {row['_docnum']} in the IDoc {row['_own']}"
        yield _fault("EDI_CONTROL_REF", row, detail)


def _fault(code: str, row: dict[str, object], detail: str) -> Fault:
    number, segment = int(str(row["_idoc"])), int(str(row["_segment"]))
    return Fault(
        code=code,
        interchange=number,
        detail=detail,
        group=number,
        message=number,
        segment=segment,
        tag=str(row["_name"] or STRAY),
        byte=int(str(row["_byte_from"])),
        line=int(str(row["_line"])),
    )


def _numbering(found: Survey, data: pl.DataFrame) -> None:
    """SEGNUM that does not rise one by one, PSGNUM that names no segment before it: odd only."""
    numbers = data.select("_idoc", "_line", lead("SEGNUM").alias("n"), lead("PSGNUM").alias("p"))
    step = pl.col("n") - pl.col("n").shift().over("_idoc")
    _count(found, numbers.filter(step != 1), "a SEGNUM out of order")
    known = numbers.select("_idoc", pl.col("n").alias("p"))
    lost = numbers.filter(pl.col("p") > 0).join(
        known, on=["_idoc", "p"], how="anti", maintain_order="left"
    )
    late = numbers.filter((pl.col("p") > 0) & (pl.col("p") >= pl.col("n")))
    both = pl.concat([lost, late]).unique("_line").sort("_line")
    _count(found, both, "a PSGNUM that names no segment above it")


def _count(found: Survey, rows: pl.DataFrame, what: str) -> None:
    if rows.height:
        found.odd(what, rows.height, rows["_line"][0])


def _end(found: Survey, final: pl.DataFrame, block: Block) -> None:
    """A last line that breaks off: turns what was said of it into EDI_TRUNCATED."""
    if block.data.endswith((b"\n", b"\r")):
        return
    row = final.row(0, named=True)
    number = len(found.register.interchanges)
    faults = found.register.faults
    said = [f for f in faults if f.message == number and f.line == row["_line"]]
    for fault in said:
        faults.remove(fault)
    if said:
        detail = f"the file ends within a record; {said[0].detail}"
        row["_idoc"] = number
        faults.append(_fault("EDI_TRUNCATED", row, detail))
