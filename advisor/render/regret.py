"""What decisions cost, as a table, as CSV, as JSON, and as the page of the documentation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from advisor.recommend.regret import BOLDER, CONFIDENCE, CONFIRMATIONS, CONFIRMED, OWN, PERCENTILES, Regret, Score
from advisor.render import as_json
from advisor.render.grid import Grid, as_markdown, text

_HEADS = (
    "rule",
    "lost, mean#",
    "p90#",
    "broken %#",
    "expected %#",
    "lost with next#",
    "picks#",
    "networks#",
    "measured#",
)


def regrets(found: Sequence[Regret], fmt: str, width: int) -> str:
    """All settings in a format."""
    if fmt == "json":
        return as_json.dump({"settings": [_json(one) for one in found]})
    if fmt == "csv":
        heads = ("device", "runtime", "precision", "memory_format", "software", "setting", "cases#", *_HEADS)
        return text(Grid(heads, [(*_where(one), *_cells(score)) for one in found for score in one.scores]), fmt, width)
    return "\n\n".join(f"{_title(one)}\n{text(_grid(one), fmt, width)}" for one in found)


def _json(one: Regret) -> dict[str, object]:
    return asdict(one) | {"target": as_json.target(one.target, 0) | {"batch_size": None}}


def _where(one: Regret) -> tuple[str, ...]:
    target = one.target
    return (
        target.device,
        target.runtime,
        target.precision,
        target.memory_format,
        target.software,
        one.setting,
        str(one.cases),
    )


def _title(one: Regret) -> str:
    target = one.target
    layout = "" if target.memory_format == "nchw" else f", {target.memory_format}"
    software = f" ({target.software})" if target.software else ""
    return (
        f"{target.device}, {target.runtime}, {target.precision}{layout}{software}: {one.setting}; "
        f"{one.models} models, {one.cases} cases"
    )


def _grid(one: Regret) -> Grid:
    return Grid(_HEADS, [_cells(score) for score in one.scores])


def _cells(score: Score) -> tuple[str, ...]:
    answered = f"{score.picks}" + (f" of {score.picks + score.unanswered}" if score.unanswered else "")
    return (
        score.rule, f"{score.mean:.2f}", f"{score.p90:.2f}", f"{100 * score.broken:.1f}",
        f"{100 * score.expected_broken:.1f}" if score.probable else "-", f"{score.mean_with_next:.2f}", answered,
        str(score.networks), f"{score.measured:.1f}" if score.measured else "-",
    )  # fmt: skip


def document(found: Sequence[Regret]) -> str:
    """The page docs/decision-regret.md."""
    settings = list(dict.fromkeys(one.setting for one in found))
    parts = [_INTRODUCTION, _in_short(found)]
    for setting in settings:
        parts.append(f"## {setting[0].upper()}{setting[1:]}")
        parts += [f"**{_title(one)}**\n\n{as_markdown(_grid(one))}" for one in found if one.setting == setting]
    return "\n\n".join(parts) + "\n"


def _in_short(found: Sequence[Regret]) -> str:
    """One line for each way of hiding and target, and for all targets: means over software and memory formats, the worst in brackets."""
    rows = []
    for setting in dict.fromkeys(one.setting for one in found):
        every = [one for one in found if one.setting == setting and one.cases]
        targets: dict[tuple[str, str, str], list[Regret]] = {}
        for one in every:
            targets.setdefault((one.target.device, one.target.runtime, one.target.precision), []).append(one)
        grouped = [*targets.items(), *([(("all", "", ""), every)] if every else [])]
        rows += [(setting, *key, str(len(ones)), *_means(ones)) for key, ones in grouped]
    return f"## In short\n\n{_SHORT}\n\n{as_markdown(Grid(_SHORT_HEADS, rows))}"


def _means(ones: Sequence[Regret]) -> list[str]:
    """Of what the program picks and of what it picks after confirming: points lost and percent broken."""
    shown = []
    for rule in (OWN, CONFIRMED):
        scores = [score for one in ones for score in one.scores if score.rule == rule]
        shown += [_mean([score.mean for score in scores], 2), _mean([100 * score.broken for score in scores], 1)]
    return shown


def _mean(values: Sequence[float], digits: int) -> str:
    if not values:
        return "-"
    worst = f" ({max(values):.{digits}f})" if len(values) > 1 else ""
    return f"{sum(values) / len(values):.{digits}f}{worst}"


_SHORT = (
    "Means over the software and memory formats with which a target was timed (settings), in brackets the worst of them: "
    "points of top-1 lost and percent of budgets broken."
)
_SHORT_HEADS = (
    "way of hiding", "device", "runtime", "precision", "settings#", "lost#", "broken %#", "lost, confirmed#", "broken %, confirmed#",
)  # fmt: skip

_BOLDER = ", ".join(f"**advisor at {confidence:.0%}**" for confidence in BOLDER)

_INTRODUCTION = f"""# What decisions cost

Written by `advisor evaluate --regret --write docs/decision-regret.md`; do not edit.

Measurements of a well documented target are hidden, "the most accurate model under this latency" is answered from what is left, and
the answer is compared with that of an oracle that sees what was hidden. Budgets are {len(PERCENTILES)} per target, at the
{PERCENTILES[0]}th to {PERCENTILES[-1]}th percentile of measured latency. Times are of one image at the batch size of the published
table (1 on the CPU, up to 1024 on the GPUs), of the newest software of each source. A measurement counts as exact here, hidden or seen.

* **Lost**: percent top-1 of the oracle's pick less that of the rule's, over picks that keep the budget; mean and 90th percentile.
* **Broken**: share of picks whose measured latency is over the budget. **Expected**: the share that the program's own probabilities
  expect. A pick needs a chance of {CONFIDENCE:.0%}; most have more, because accuracy comes in steps, so fewer than
  {1 - CONFIDENCE:.0%} are expected to break.
* **Lost with next**: over all picks; one that breaks the budget counts with the next one of its list that keeps it, so breaking hard
  cases does not pay.
* **Networks**: how many different ones were picked. A few networks decide all cases of a target, so broken shares of some percent
  are one network more or less.
* **Measured**: measurements made for a decision, in the mean.

Ways of hiding:

* **A family hidden**: the measurements of one family are hidden on every device; other models stay measured. It is predicted by a
  fit without the fifth of the families that it is in (without it alone where there are fewer than ten). Each family in turn: mostly
  it does not matter, so the cases are given again in which the oracle's pick or a rule's is of the hidden family.
* **Every family hidden**: every model is predicted by the fit without its fifth of the families, and none is measured.
* **New device**: everything of the physical device is hidden but a few models (`--measured`, 10 if not said), spread by size and kind
  (medoids of many families), drawn 20 times; their source is doubted as little as the program's own harness. The models are known from
  other devices. Each software with which the target was timed is a setting of its own.

Coefficients, deviations and interval widths come from rows that are not hidden: the hidden ones are taken out of the evidence before
anything is fitted, and for families widths come from folds inside what is left. A test changes hidden rows and sees that no pick moves.

Rules:

* **advisor**: what `advisor recommend` picks at {CONFIDENCE:.0%} confidence.
* **advisor, at most {CONFIRMATIONS} confirmed**: what `advisor recommend --confirm {CONFIRMATIONS}` picks; hidden measurements are
  revealed in place of measuring, by the same loop (`advisor/recommend/confirming.py`).
* {_BOLDER}: the same picks at less confidence.
* **interval ignored**: the same predictions as if they were exact.
* **limit in MACs**: latency in proportion to multiply-accumulates, scaled by the median ratio of the models measured here (of all
  models where none is): what is meant by "choose by FLOPs".
* **nearest device's table, scaled**: the table of the device with the most of these models measured, times the median ratio."""
