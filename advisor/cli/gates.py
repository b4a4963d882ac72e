"""Exit codes of the commands that judge one model: check and why."""

from __future__ import annotations

from advisor.cli.codes import ANSWERED, INFEASIBLE, NO_EVIDENCE
from advisor.recommend.verdict import DOES_NOT_FIT, FITS, NOT_SETTLED

OF_VERDICT = {FITS: ANSWERED, DOES_NOT_FIT: INFEASIBLE, NOT_SETTLED: NO_EVIDENCE}
