"""The command `python -m advisor.complexity.catalogue`: traces the whole catalogue, resumably, and writes its tables."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from advisor.complexity import plan, publish, tables, work

_PUBLISH_EVERY = 100
"""Models between two partial publications."""


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m advisor.complexity.catalogue", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with timm's result tables")
    parser.add_argument("--out", type=Path, required=True, help="folder of the catalogue's tables")
    parser.add_argument("--sizes", type=Path, help="CSV (model,resolution) of further resolutions to trace")
    parser.add_argument("--work", type=Path, help="folder that keeps results between runs (default: OUT/../.catalogue)")
    parser.add_argument("--jobs", type=int, default=1, help="processes; 0 traces in this one")
    parser.add_argument("--timeout", type=int, default=90, help="seconds for one trace")
    parser.add_argument("--publish-only", action="store_true", help="write the tables from the results there are")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Trace what is missing, then write the tables; a run that was stopped goes on where it was."""
    args = _arguments(argv)
    folder = args.work or args.out.parent / ".catalogue"
    folder.mkdir(parents=True, exist_ok=True)
    planned = plan.make(tables.named(args.data), tables.further_sizes(args.sizes) if args.sizes else None)
    accuracy = tables.accuracies(args.data)

    def write() -> None:
        _say(str(publish.publish(folder, args.out, planned.dropped, accuracy)))

    if not args.publish_only:
        missing = [job for job in planned.jobs if not work.path_of(job.name, folder).exists()]
        _say(f"{len(planned.jobs)} models, {len(missing)} to trace")
        for done, line in enumerate(_trace(missing, folder, args.timeout, args.jobs), start=1):
            _say(f"[{done}/{len(missing)}] {line}")
            if done % _PUBLISH_EVERY == 0:
                write()
    write()
    return 0


def _trace(jobs: Sequence[plan.Job], folder: Path, seconds: int, processes: int) -> Iterator[str]:
    """Trace in processes of their own (or in this one, for 0); a line for each model as it is done."""
    if not processes:
        yield from (work.trace_job(job, folder, seconds) for job in jobs)
        return
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        for future in as_completed([pool.submit(work.trace_job, job, folder, seconds) for job in jobs]):
            yield future.result()


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
