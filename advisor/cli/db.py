"""advisor db."""

from __future__ import annotations

from pathlib import Path

import click

from advisor.cli.app import NamingGroup
from advisor.cli.codes import ANSWERED, FAILED
from advisor.cli.options import example, format_option, progress, width
from advisor.workflows import maintaining


@click.group(cls=NamingGroup)
def db() -> None:
    """The database of evidence."""


@db.command()
@format_option
@example("advisor db info")
def info(fmt: str) -> None:
    """How much the database holds."""
    from advisor.render import evidence

    click.echo(evidence.info(maintaining.db_info(on_progress=progress), fmt, width()))


@db.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--source-format", type=click.Choice(maintaining.SOURCE_FORMATS), help="What FILE is; told from its name otherwise."
)
@click.option("--device", metavar="ID", help="The device, where the file does not say.")
@click.option("--dry-run", is_flag=True, help="Say what would happen; change nothing.")
@format_option
@example("advisor db import measurements.csv --dry-run")
def import_(file: Path, source_format: str | None, device: str | None, dry_run: bool, fmt: str) -> int:
    """Add the measurements of FILE: an interchange CSV, a timm benchmark CSV, or JSON Lines of 'db export'.

    Exit code 1 where every row was rejected.

    \b
    Columns of the interchange CSV (empty = not stated):
      source_id, model, library_hint, device, runtime, precision, batch_size, resolution, latency_ms (whole batch),
      throughput_img_s, memory_mb, top1, top5, params_m, gmacs, power_mode, note, and optionally statistic, timing_scope,
      memory_kind (without it memory is kept but not learnt from), power_w, power_scope (board, module, accelerator, unstated)
    """
    from advisor.render import evidence

    report = maintaining.db_import(
        file, source_format=source_format, device=device, dry_run=dry_run, on_progress=progress
    )
    click.echo(evidence.imported(report, fmt, width()))
    return FAILED if report.rejected and not report.accepted and not report.duplicate else ANSWERED


@db.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--all", "everything", is_flag=True, help="Also the shipped evidence, not only what was added here.")
@format_option
@example("advisor db export mine.jsonl")
def export(file: Path, everything: bool, fmt: str) -> None:
    """Write observations to FILE as JSON Lines, without loss."""
    count = maintaining.db_export(file, everything=everything, on_progress=progress)
    if fmt == "json":
        from advisor.render import as_json

        click.echo(as_json.dump({"file": str(file), "observations": count}))
    else:
        click.echo(f"wrote {count} observations to {file}")


@db.command()
@format_option
@example("advisor db verify")
def verify(fmt: str) -> int:
    """Prove that the database is whole; exit code 1 where it is not."""
    from advisor.render import evidence

    found = maintaining.db_verify(on_progress=progress)
    click.echo(evidence.verification(found, fmt, width()))
    return ANSWERED if found.intact else FAILED
