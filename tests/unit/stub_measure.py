"""Runs the measure verb with the stub worker: `stub_measure.py MODELS... [--resume] [--batch-sizes N]` in $ADVISOR_HOME."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from advisor.render.measurements import measured
from advisor.workflows.measuring import measure

WORKER = (sys.executable, str(Path(__file__).with_name("stub_worker.py")))


def main(arguments: list[str]) -> None:
    models = [a for a in arguments if "/" in a]
    options = {a.split("=")[0]: a.partition("=")[2] for a in arguments if a.startswith("--")}
    resume = "--resume" in options
    found = measure(
        models, resume=resume, worker=WORKER, batch_sizes=options.get("--batch-sizes", "1"), budget=options.get("--budget"),
        runtime=options.get("--runtime"), memory_only="--memory-only" in options,
        threads=None if resume or "--all-threads" in options else 1,
    )  # fmt: skip
    print(json.dumps(json.loads(measured(found, "json", 100))))


if __name__ == "__main__":
    main(sys.argv[1:])
