"""Probabilities from intervals: a quantity's logarithm follows Student's t on either side of its value, as wide as its 90 % interval.

Three degrees of freedom: errors of predictions, and of one version of the software for the next, are mostly far smaller than the
interval and now and then far larger (docs/decision.md, section Chance). The distribution function is elementary (Shaw 2006, Sampling
Student's T distribution, J. Comput. Finance 9(4), section 2).
"""

from __future__ import annotations

import math
from functools import lru_cache

from advisor.records import Estimate, Quantity

_Z90 = 1.6448536269514722
"""Half-width of a central 90 % interval in standard deviations of a normal distribution."""
_X90 = 1.358715012583855
"""The same of Student's t with 3 degrees of freedom, over the root of 3."""
_FAR = 4.0
"""Half-widths from the value beyond which a bound counts as certain, or as hopeless: 0.13 % lie farther out on either side.

`chance_at_most` has it as fourth powers of the edges: change both.
"""
_ROOT_2, _ROOT_HALF_PI = math.sqrt(2.0), math.sqrt(math.pi / 2.0)
_WINITZKI = 0.147
_ALL, _FARTHEST = 1.0 - 1e-15, 8.3
_LEAST_SPREAD = 1e-6
"""Half-width, in logs, of what is known exactly."""
_LEAST_ANGLE, _STEPS = 0.05, 5
"""Below the angle the quantile is beyond _FAR; from the start that is taken, so many steps are exact to 12 digits."""
_ROUNDING = 1e-9
"""Relative: an inverse must not miss its chance by the last digit."""


@lru_cache(maxsize=64)
def half_width_of(confidence: float) -> float:
    """Half-width of the central interval that holds `confidence` (0..1), relative to that which holds 90 %; at most 4.

    With x = cot(a / 2), what lies outside is (a - sin a) / pi: Kepler's equation, solved by Newton's method.
    """
    if confidence <= 0.0:
        return 0.0
    outside = math.pi * (1.0 - min(confidence, 1.0))
    angle = math.pow(6.0 * outside, 1.0 / 3.0)
    if angle < _LEAST_ANGLE:
        return _FAR
    for _ in range(_STEPS):
        angle -= (angle - math.sin(angle) - outside) / (1.0 - math.cos(angle))
    return min(_FAR, 1.0 / (math.tan(angle / 2.0) * _X90))


@lru_cache(maxsize=64)
def z_of(confidence: float) -> float:
    """Half-width, in standard deviations, of the central interval that holds `confidence` (0..1); at most 8.3, which holds all that a
    double can tell from 1. Newton's method from the start of Winitzki (2008), A handy approximation for the error function."""
    if confidence <= 0.0:
        return 0.0
    if confidence >= _ALL:
        return _FARTHEST
    log_rest = math.log1p(-confidence * confidence)
    middle = 2.0 / (math.pi * _WINITZKI) + log_rest / 2.0
    z = math.sqrt(2.0 * (math.sqrt(middle * middle - log_rest / _WINITZKI) - middle))
    for _ in range(3):
        z -= (math.erf(z / _ROOT_2) - confidence) * math.exp(z * z / 2.0) * _ROOT_HALF_PI
    return z


def chance_at_most(value: float | None, low: float | None, high: float | None, bound: float) -> float:
    """Probability that a quantity (interval at 90 %) is at most `bound`; 0 where it is unknown."""
    if value is None or low is None or high is None:
        return 0.0
    if bound * value * value * value > high * high * high * high:
        return 1.0  # more than _FAR half-widths away: most rows, and not worth a logarithm
    if bound * value * value * value < low * low * low * low:
        return 0.0
    distance = math.log(bound / value)
    edge = high / value if distance >= 0 else value / low
    spread = math.log(edge)
    x = distance * _X90 / (spread if spread > _LEAST_SPREAD else _LEAST_SPREAD)
    return 0.5 + (math.atan(x) + x / (1.0 + x * x)) / math.pi


def at_confidence(quantity: Quantity, confidence: float) -> Quantity:
    """The same quantity with its 90 % interval widened or narrowed to `confidence`."""
    power = half_width_of(confidence)
    low = quantity.value * (quantity.low / quantity.value) ** power
    high = quantity.value * (quantity.high / quantity.value) ** power
    return quantity._replace(low=low, high=high)


def derived_throughput(latency: Quantity, batch_size: int) -> Quantity:
    """Images per second as batch / latency; the interval turns over."""
    scale = 1000.0 * batch_size
    return latency._replace(value=scale / latency.value, low=scale / latency.high, high=scale / latency.low)


def throughput_of(estimate: Estimate, confidence: float = 0.9) -> Quantity | None:
    """Images per second with its interval: measured where it was, else batch / latency; None where latency is unknown."""
    if estimate.latency is None:
        return None
    derived = at_confidence(derived_throughput(estimate.latency, estimate.batch_size), confidence)
    if estimate.throughput_img_s is None:
        return derived
    shift = estimate.throughput_img_s / derived.value
    return Quantity(
        estimate.throughput_img_s,
        derived.low * shift,
        derived.high * shift,
        "measured",
        False,
        estimate.latency.evidence,
    )


def bound_for(value: float, low: float, high: float, chance: float) -> float:
    """The least bound a quantity (interval at 90 %) stays under with probability `chance`: the inverse of `chance_at_most`."""
    far = half_width_of(2 * chance - 1) if chance >= 0.5 else -half_width_of(1 - 2 * chance)
    edge = high / value if chance >= 0.5 else value / low
    return value * math.exp(far * max(math.log(edge), _LEAST_SPREAD)) * (1 + _ROUNDING)


def log_sd(low: float, high: float) -> float:
    """Standard deviation, in logs, of a normal quantity with this 90 % interval: for sums of several."""
    return math.log(high / low) / (2 * _Z90)
