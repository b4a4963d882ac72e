"""The only parser and formatter of quantities a person types: `50ms`, `1.5GB`, `30fps`, `75%`, `30M`, `15W`, `0.2J`.

Every parser returns the canonical unit that record fields use (ms, MiB, images/s, percent, count, W, mJ).
"""

from __future__ import annotations

import math
import re

from advisor.errors import UsageError

_NUMBER = re.compile(r"\s*([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)\s*([^\d\s].*?)?\s*\Z")

_DURATION_S = {"s": 1.0, "sec": 1.0, "min": 60.0, "h": 3600.0}
_TIME_MS = {"us": 1e-3, "µs": 1e-3, "μs": 1e-3, "ms": 1.0, "s": 1e3}
_BYTES = {
    "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
    "KiB": 2.0**10, "MiB": 2.0**20, "GiB": 2.0**30, "TiB": 2.0**40,
}  # fmt: skip
_POWER_W = {"mW": 1e-3, "W": 1.0, "kW": 1e3}
_ENERGY_MJ = {"uJ": 1e-3, "µJ": 1e-3, "μJ": 1e-3, "mJ": 1.0, "J": 1e3}
_RATE = {"fps": 1.0, "img/s": 1.0, "images/s": 1.0, "/s": 1.0}
_MOST_DECIMALS = 7
"""Of a percentage: what differs by less reads as equal."""
_COUNT = {"k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "B": 1e9}


def _split(text: str, quantity: str, accepted: str) -> tuple[float, str]:
    match = _NUMBER.match(text)
    if match is None or not math.isfinite(float(match[1])):
        raise UsageError(f"{quantity} {text!r} is not a number with a unit; accepted: {accepted}")
    return float(match[1]), (match[2] or "").strip()


def _parse(text: str, quantity: str, units: dict[str, float], accepted: str, folding: bool = True) -> float:
    """In the canonical unit; `folding`: letter case of the unit aside."""
    number, unit = _split(text, quantity, accepted)
    folded = {key.casefold(): scale for key, scale in units.items()} if folding else {}
    scale = units.get(unit, folded.get(unit.casefold()))
    if scale is None:
        problem = f"has unit {unit!r}" if unit else "has no unit"
        raise UsageError(f"{quantity} {text!r} {problem}; accepted: {accepted}")
    if number <= 0:
        raise UsageError(f"{quantity} {text!r} must be greater than 0")
    return number * scale


def latency_ms(text: str) -> float:
    """Milliseconds from `50ms`, `0.05s`, `800us`. Raises UsageError."""
    return _parse(text, "latency", _TIME_MS, "50ms, 0.05s, 800us")


def duration_s(text: str) -> float:
    """Seconds from `10min`, `90s`, `2h`. Raises UsageError."""
    return _parse(text, "budget", _DURATION_S, "10min, 90s, 2h")


def memory_mib(text: str) -> float:
    """MiB (2^20 bytes) from `1.5GB` (10^9), `512MiB`. Raises UsageError."""
    return _parse(text, "memory", _BYTES, "1.5GB, 800MB (decimal), 512MiB, 2GiB (binary)") / 2**20


def throughput_img_s(text: str) -> float:
    """Images per second from `30fps`, `120img/s`. Raises UsageError."""
    return _parse(text, "throughput", _RATE, "30fps, 30img/s")


def power_w(text: str) -> float:
    """Watts from `15W`, `500mW`. Raises UsageError."""
    return _exact(text, "power", _POWER_W, "15W, 500mW")


def energy_mj(text: str) -> float:
    """Millijoules from `0.2J`, `150mJ`. Raises UsageError."""
    return _exact(text, "energy", _ENERGY_MJ, "0.2J, 150mJ")


def _exact(text: str, quantity: str, units: dict[str, float], accepted: str) -> float:
    """As `_parse`, but MW is not mW: a million-fold slip of the shift key is refused where the case decides."""
    unit = _split(text, quantity, accepted)[1]
    if unit not in units and unit[:1] == "M":
        raise UsageError(f"{quantity} {text!r} has unit {unit!r}; accepted: {accepted}")
    return _parse(text, quantity, units, accepted)


def count(text: str) -> float:
    """A count from `30M`, `800k`, `1.2G`; m is not M. A bare number is refused: 30 is rarely meant. Raises UsageError."""
    return _parse(text, "count", _COUNT, "30M, 800k, 1.2G", folding=False)


def accuracy_percent(text: str) -> float:
    """Percent from `75%` or a fraction `0.75`; a bare number from 1 on is refused because it could be either. Raises UsageError."""
    accepted = "75% or 0.75"
    number, unit = _split(text, "accuracy", accepted)
    if unit == "%":
        percent = number
    elif unit:
        raise UsageError(f"accuracy {text!r} has unit {unit!r}; accepted: {accepted}")
    elif number < 1:
        percent = number * 100
    else:
        raise UsageError(f"accuracy {text!r} has no unit; write {text.strip()}% or a fraction; accepted: {accepted}")
    if not 0 < percent <= 100:
        raise UsageError(f"accuracy {text!r} must lie above 0% and at most at 100%")
    return percent


def fraction(text: str) -> float:
    """A probability strictly between 0 and 1 from `0.9` or `90%`. Raises UsageError."""
    number, unit = _split(text, "confidence", "0.9 or 90%")
    value = number / 100 if unit == "%" else number
    if unit not in ("", "%") or not 0 < value < 1:
        raise UsageError(f"confidence {text!r} must lie above 0 and below 1; accepted: 0.9 or 90%")
    return value


def significant(value: float, digits: int = 3) -> str:
    """`digits` significant digits without exponent for everyday sizes: 0.0123, 4.57, 45.7, 457, 4570."""
    if value == 0:
        return "0"
    rounded = float(f"{value:.{digits - 1}e}")
    places = digits - 1 - math.floor(math.log10(abs(rounded)))
    return f"{rounded:.{max(places, 0)}f}"


def format_confidence(value: float) -> str:
    """`90%`, `99.9%`: all digits that were asked for."""
    return f"{100 * value:.10g}%"


def format_chance(value: float, confidence: float) -> str:
    """`87%`; `89.7%` where a whole percent would read as if it reached a confidence that it does not reach, or the other way round."""
    said = ""
    for digits in range(_MOST_DECIMALS):
        said = f"{value:.{digits}%}"
        if (round(value, digits + 2) >= confidence) == (value >= confidence):
            break
    return said


def format_ms(value: float, digits: int = 3) -> str:
    """`4.57 ms`."""
    return f"{significant(value, digits)} ms"


def format_w(value: float, digits: int = 3) -> str:
    """`11.5 W`."""
    return f"{significant(value, digits)} W"


def format_mj(value: float, digits: int = 3) -> str:
    """`60.3 mJ`, `1.2 J` from 1000 mJ up."""
    return f"{significant(value / 1000, digits)} J" if value >= 1000 else f"{significant(value, digits)} mJ"


def format_mib(value: float, digits: int = 3) -> str:
    """`512 MiB`, `1.5 GiB` from 1024 MiB up."""
    return f"{significant(value / 1024, digits)} GiB" if value >= 1024 else f"{significant(value, digits)} MiB"


def format_count(value: float, digits: int = 3) -> str:
    """`25.6 M`, `4.09 G`, `512`."""
    for scale, suffix in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if value >= scale:
            return f"{significant(value / scale, digits)}{suffix}"
    return f"{value:.0f}"
