"""One table of what can be wrong with a measurement of our own: what it does to the number, what to do about it. Data only."""

from __future__ import annotations

from dataclasses import dataclass

INFO, DEGRADE, REJECT = "info", "degrade", "reject"


@dataclass(frozen=True, slots=True)
class Case:
    """What a finding does and what to do about it."""

    effect: str
    sentence: str
    advice: str = ""
    grade: str = "B"
    """The best grade of a degraded number."""


_QUIET = "stop other programs, or measure with fewer threads than the machine has processors"
_COOL = "let the device cool down, improve its cooling, or choose a lower power mode"

CASES: dict[str, Case] = {
    "not-finished": Case(REJECT, "the launch did not finish"),
    "memory-only": Case(INFO, "only peak memory was measured"),
    "contended": Case(REJECT, "other work slowed the machine too much to correct for", _QUIET),
    "contended-all-cores": Case(REJECT, "other work ran on the cores that were measured", _QUIET),
    "uncorrectable": Case(REJECT, "wall time corrected by the reference and processor time disagree", _QUIET),
    "corrected": Case(DEGRADE, "other work slowed the machine; the number is corrected by the reference kernel", _QUIET, grade="C"),
    "quiet-moments": Case(INFO, "only forwards beside a reference kernel of quiet speed count"),
    "noisy": Case(DEGRADE, "the machine was not quiet", _QUIET),
    "reference-moved": Case(
        DEGRADE, "the machine's speed changed by more than 5 % during the launch", "try again; fix clocks if it stays", grade="C"
    ),
    "reference-jumped": Case(
        REJECT, "the machine's speed changed by more than 10 % during the launch", "try again; fix clocks if it stays"
    ),
    "drift": Case(REJECT, "times drifted during the launch", _COOL),
    "wide": Case(REJECT, "the interval is wider than 10 %", _QUIET),
    "imprecise": Case(DEGRADE, "the interval is wider than 3 %", _QUIET, grade="C"),
    "unsteady": Case(DEGRADE, "times had not settled when timing began"),
    "low-n-eff": Case(DEGRADE, "samples depend on each other so much that the interval is too narrow"),
    "few-samples": Case(INFO, "fewer than 50 samples"),
    "waited": Case(DEGRADE, "the process waited for a processor", _QUIET),
    "stolen": Case(DEGRADE, "the hypervisor gave processor time to others"),
    "pressure": Case(DEGRADE, "other programs waited for processors", _QUIET),
    "swapped": Case(REJECT, "memory was swapped or read from disk while timing", "free memory, or measure a smaller batch"),
    "settings-changed": Case(REJECT, "huge pages, the governor or clock limits were changed during the launch"),
    "output-changed": Case(REJECT, "the output changed or is not finite"),
    "subnormal": Case(DEGRADE, "activations are subnormal, which some processors compute far slower than a trained network's", grade="C"),
    "clock-set": Case(REJECT, "the clock was set or the machine slept while timing", "try again"),
    "throttled": Case(REJECT, "the GPU was slowed down by temperature or power supply", _COOL),
    "power-capped": Case(INFO, "the GPU ran at its power limit"),
    "clock-fell": Case(REJECT, "the GPU's clock changed while timing", "lock the clocks (nvidia-smi -lgc, jetson_clocks)"),
    "foreign-process": Case(REJECT, "another program used the GPU", "stop it"),
    "mode-changed": Case(REJECT, "power mode, clock limits or online processors changed while timing"),
    "under-voltage": Case(REJECT, "the board reported under-voltage", "use a stronger power supply"),
    "power-limited": Case(DEGRADE, "the board reported over-current", "use a stronger power supply or a lower power mode"),
    "near-trip": Case(DEGRADE, "the temperature came within 5 C of the point where the board slows down", _COOL),
    "at-trip": Case(REJECT, "the temperature reached the point where the board slows down", _COOL),
    "host-bound": Case(INFO, "launching operators takes most of the time: a faster GPU would not help"),
    "few-launches": Case(DEGRADE, "fewer than three launches", "run `advisor measure --resume`"),
    "launches-disagree": Case(DEGRADE, "launches differ by more than 5 %", _QUIET, grade="C"),
}  # fmt: skip
