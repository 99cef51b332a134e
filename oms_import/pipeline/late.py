"""Source rows of orders that only dedupe holds: read again, since few of all rows are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import polars as pl

from oms_import.model.values import Drop
from oms_import.pipeline.spool import Part

Frames = Callable[[Drop], Iterator[pl.DataFrame]]


def late_rows(
    parts: Sequence[Part], decisions: Path, drops: Mapping[int, Drop], frames: Frames, folder: Path
) -> Path | None:
    """Write the held orders' source rows (with `_order`) below `folder`, one file a drop.

    Each drop concerned is read once more. Returns the folder, or None where nothing was held.
    """
    held = (
        pl.scan_parquet(decisions)
        .filter(pl.col("outcome") == "held")
        .select(pl.col("_order").unique())
        .collect()
    )
    if held.is_empty():
        return None
    folder.mkdir()
    records = pl.concat([_records(part, held) for part in parts])
    for key, mine in records.partition_by("_drop", as_dict=True, maintain_order=True).items():
        index = int(key[0])
        _read(drops[index], mine.drop("_drop"), frames, folder / f"{index:06}.parquet")
    return folder


def _records(part: Part, held: pl.DataFrame) -> pl.DataFrame:
    records = part.read("records").select("_drop", "_order", pl.col("record").alias("_record"))
    return records.join(held, on="_order", how="semi", maintain_order="left")


def _read(drop: Drop, records: pl.DataFrame, frames: Frames, path: Path) -> None:
    found = [
        frame.join(records, on="_record", how="inner", maintain_order="left")
        for frame in frames(drop)
    ]
    pl.concat([frame for frame in found if frame.height]).write_parquet(path, compression="lz4")
