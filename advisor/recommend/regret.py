"""What a decision costs that was made without some measurements: scored against who sees them. Pure.

Every rule decides with the program's own ranking; they differ in what they believe of the candidates.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from advisor.recommend.budgets import Budgets
from advisor.recommend.confirming import Key, confirm
from advisor.recommend.ranking import Question, feasible
from advisor.recommend.scoring import Known, Scored, score
from advisor.records import Candidate, Quantity, Target

PERCENTILES = tuple(range(5, 100, 5))
"""Of measured latency, at which budgets are set."""
CONFIRMATIONS = 5
OWN, CONFIRMED = "advisor", f"advisor, at most {CONFIRMATIONS} confirmed"
"""Names of the rules that stand for the program."""
_HAIR = 1.0001
CONFIDENCE = 0.9
BOLDER = (0.8, 0.7)
"""Confidences that are tried beside it on a new device."""


@dataclass(frozen=True, slots=True)
class Case:
    """What is believed of the candidates of a target, what is true of them, and a budget."""

    target: Target
    believed: Sequence[Candidate]
    known: Collection[Key]
    """Architectures whose measurements are not hidden."""
    truth: Mapping[Key, Quantity]
    """What was measured, of one image."""
    max_latency_ms: float

    def question(self, confidence: float = CONFIDENCE) -> Question:
        """As a person would ask it; no limit of picks per family."""
        return Question(self.target, 1, Budgets(max_latency_ms=self.max_latency_ms), confidence, everything=True)

    def keeps(self, row: Candidate) -> bool:
        """Whether a candidate keeps the budget in truth."""
        return self.truth[row.signature, row.resolution].value <= self.max_latency_ms

    def hides(self, row: Candidate) -> bool:
        """Whether the candidate's measurement is hidden."""
        return (row.signature, row.resolution) not in self.known

    def oracle(self) -> Candidate | None:
        """The most accurate candidate that keeps the budget; None where none does."""
        return max((row for row in self.believed if self.keeps(row)), key=lambda row: row.top1, default=None)

    def open(self) -> list[Candidate]:
        """Candidates that may be picked: not those behind, by a tenth of a point, one that is known to keep the budget."""
        floor = max((row.top1 for row in self.believed if not self.hides(row) and self.keeps(row)), default=0.0)
        return [row for row in self.believed if round(row.top1, 1) >= round(floor, 1)]

    def ranked(self, rows: Iterable[Candidate], confidence: float = CONFIDENCE) -> list[Scored]:
        """What the program picks when it believes this of the candidates, best first."""
        question = self.question(confidence)
        return feasible(score(rows, question.budgets, question.batch_size, Known()), question)


class Decision(NamedTuple):
    """What a rule picks, best first, and how many measurements it made for it."""

    picks: Sequence[Scored]
    measured: int = 0


Rule: TypeAlias = Callable[[Case], Decision]


def at(confidence: float) -> Rule:
    """What `recommend --confidence` picks: at another confidence than its own, what caution costs."""
    return lambda case: Decision(case.ranked(case.open(), confidence))


ours = at(CONFIDENCE)
"""What `recommend` picks."""


def confirmed(case: Case) -> Decision:
    """What `recommend --confirm` picks: hidden measurements are revealed in place of measuring."""
    found = confirm(
        case.question(), case.open(), case.known, lambda row: with_latency(row, _of(case.truth, row)), CONFIRMATIONS
    )
    return Decision(ours(case).picks if found.best is None else [found.best], len(found.steps))


def certain(case: Case) -> Decision:
    """The same ranking by predicted latency alone: as if it were exact."""
    rows = [
        row if row.latency_ms is None else row._replace(latency_low=row.latency_ms, latency_high=row.latency_ms)
        for row in case.open()
    ]
    return Decision(case.ranked(rows))


def table(latencies: Mapping[Key, float]) -> Rule:
    """Latency in the place of what the program believes: a table of a device, times the scale of what is known here.

    `latencies` may be of any unit (multiply-accumulates too): the scale is the median ratio over the known rows; where nothing is
    known, over all, which is more than a person would have.
    """

    def rule(case: Case) -> Decision:
        seen = [key for key in case.known if key in latencies] or [key for key in case.truth if key in latencies]
        ratios = sorted(case.truth[key].value / latencies[key] for key in seen)
        scale = ratios[len(ratios) // 2]
        rows = [
            with_latency(row, _exactly(latencies[key] * scale))
            for row in case.believed
            if (key := (row.signature, row.resolution)) in latencies
        ]
        return Decision(case.ranked(rows))

    return rule


def with_latency(row: Candidate, known: Quantity) -> Candidate:
    """The candidate with this latency."""
    return row._replace(
        latency_ms=known.value, latency_low=known.low, latency_high=known.high, extrapolated=known.extrapolated,
        throughput_img_s=None,
    )  # fmt: skip


def _of(truth: Mapping[Key, Quantity], row: Candidate) -> Quantity:
    return truth[row.signature, row.resolution]


def _exactly(value: float) -> Quantity:
    return Quantity(value, value, value, "predicted")


class Outcome(NamedTuple):
    """A decision beside the truth. Points are percent top-1."""

    answered: bool
    lost: float | None
    """Against the oracle; None where the pick breaks the budget or there is none."""
    lost_with_next: float
    """The same, but a pick that breaks the budget counts with the next of its list that keeps it."""
    chance: float
    """The rule's own, that its pick keeps the budget."""
    measured: int
    hidden: bool
    """Whether the pick or the oracle's is among the hidden ones."""
    pick: Key | None = None
    """What was picked."""


def outcome(case: Case, decision: Decision, oracle: Candidate) -> Outcome:
    """What became of a decision."""
    if not decision.picks:
        return Outcome(False, None, 0.0, 0.0, decision.measured, case.hides(oracle))
    first = decision.picks[0]
    kept = next((pick for pick in decision.picks if case.keeps(pick.row)), None)
    lost = oracle.top1 - first.accuracy if case.keeps(first.row) else None
    fallen = oracle.top1 if kept is None else oracle.top1 - kept.accuracy
    hidden = case.hides(oracle) or case.hides(first.row)
    pick = (first.row.signature, first.row.resolution)
    return Outcome(True, lost, fallen, first.probability, decision.measured, hidden, pick)


def budgets(truth: Iterable[Quantity]) -> list[float]:
    """Milliseconds at PERCENTILES of what was measured; a hair above, so that a model that takes just this keeps it for certain."""
    ordered = sorted(quantity.value for quantity in truth)
    return [_HAIR * ordered[min(int(percent / 100 * len(ordered)), len(ordered) - 1)] for percent in PERCENTILES]


@dataclass(frozen=True, slots=True)
class Score:
    """One rule on one setting."""

    rule: str
    picks: int
    unanswered: int
    """Cases in which nothing was picked although something keeps the budget."""
    mean: float
    """Points lost, over picks that keep the budget."""
    p90: float
    broken: float
    """Share of picks that break the budget."""
    mean_with_next: float
    """Points lost over all picks: one that breaks the budget counts with the next of its list that keeps it."""
    expected_broken: float
    """Share that the rule's own probabilities expect to break."""
    probable: bool
    """Whether the rule has probabilities: else it takes what it believes for certain."""
    measured: float
    """Measurements made for a decision, in the mean."""
    networks: int
    """Different ones that were picked: what the shares rest on."""


def summed_up(rule: str, outcomes: Sequence[Outcome]) -> Score:
    """The figures of a rule."""
    answered = [one for one in outcomes if one.answered]
    lost = sorted(one.lost for one in answered if one.lost is not None)
    count = max(len(answered), 1)
    return Score(
        rule=rule,
        picks=len(answered),
        unanswered=len(outcomes) - len(answered),
        mean=sum(lost) / max(len(lost), 1),
        p90=lost[min(int(0.9 * len(lost)), len(lost) - 1)] if lost else 0.0,
        broken=sum(one.lost is None for one in answered) / count,
        mean_with_next=sum(one.lost_with_next for one in answered) / count,
        expected_broken=sum(1.0 - one.chance for one in answered) / count,
        probable=any(0.0 < one.chance < 1.0 for one in answered),
        measured=sum(one.measured for one in outcomes) / max(len(outcomes), 1),
        networks=len({one.pick for one in answered}),
    )


@dataclass(frozen=True, slots=True)
class Regret:
    """All rules on one setting."""

    setting: str
    target: Target
    models: int
    """Architectures to choose from."""
    hidden: int
    """Ways of hiding: draws or families."""
    cases: int
    """Budgets times ways of hiding."""
    scores: tuple[Score, ...]


def best_weights(rows: Iterable[Candidate], truth: Mapping[Key, Quantity]) -> list[Candidate]:
    """The most accurate weights of each architecture that was measured; only latency is bounded, so no others are ever picked."""
    kept: dict[Key, Candidate] = {}
    for row in sorted(rows, key=lambda row: (-row.top1, row.model, row.tag)):
        if (row.signature, row.resolution) in truth:
            kept.setdefault((row.signature, row.resolution), row)
    return list(kept.values())


def believed(rows: Iterable[Candidate], truth: Mapping[Key, Quantity], said: Mapping[Key, Quantity]) -> list[Candidate]:
    """The candidates with what is said of the hidden ones, and with what was measured of all others."""
    return [with_latency(row, said.get(key) or truth[key]) for row in rows if (key := (row.signature, row.resolution))]


def outcomes(case: Case, rules: Mapping[str, Rule]) -> dict[str, Outcome]:
    """What becomes of every rule's decision; nothing where no candidate keeps the budget."""
    oracle = case.oracle()
    return {} if oracle is None else {name: outcome(case, rule(case), oracle) for name, rule in rules.items()}


def regret(setting: str, target: Target, models: int, hidden: int, found: Sequence[Mapping[str, Outcome]]) -> Regret:
    """The scores of every rule over all cases."""
    names = list(dict.fromkeys(name for one in found for name in one))
    scores = tuple(summed_up(name, [one[name] for one in found]) for name in names)
    return Regret(setting, target, models, hidden, len(found), scores)
