"""Runs `recommend --confirm` with the stub worker: `stub_confirm.py N OPTION=VALUE...` in $ADVISOR_HOME."""

from __future__ import annotations

import sys
from pathlib import Path

from advisor.render import as_json
from advisor.workflows.confirming import recommend

WORKER = (sys.executable, str(Path(__file__).with_name("stub_worker.py")))


def main(most: str, *options: str) -> None:
    asked = dict(option.split("=") for option in options)
    print(as_json.dump(as_json.recommendation(recommend(confirm=int(most), worker=WORKER, **asked))))


if __name__ == "__main__":
    main(*sys.argv[1:])
