"""The physical latency model and its fit: a sum of non-negative terms, fitted for relative error towards a prior.

Works on arrays only; knows no device, no file and no name.

Time of the device is D = sum of exp(theta) x work over the terms that it executes; time of the host is L = launches +
constant. A runtime that launches operator by operator hides the shorter behind the longer: t = (L^p + D^p)^(1/p). So
t >= L: an eager network is never faster than its launches, by construction. Other runtimes add the two (p = 1). Copies
come on top.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from advisor.predict.features import COPY_TERMS, TERMS, Floats, Ints

HOST = slice(TERMS.index("ops"), TERMS.index("one") + 1)
"""Terms of the host: operators launched and a constant."""
DEVICE = slice(0, TERMS.index("ops"))
_COPIES = slice(COPY_TERMS[0], COPY_TERMS[-1] + 1)
_KINDS = [
    TERMS[i].rpartition("_")[2] + ("_weight" if "weight" in TERMS[i] else "") if i < DEVICE.stop else ""
    for i in range(len(TERMS))
]
_ALIKE = np.array([[1.0 if one == other and one else 0.0 for other in _KINDS] for one in _KINDS])
"""1 where two terms of the device are of one kind."""
_COPY_SD = {"copied_bytes": 1.0, "copied_one": 0.3}
"""Links differ by much; what starting a copy costs does not, and few rows tell it from what starting a network costs."""
ANSWERING_SD = 0.03
"""How far the run that stands for the answer may be shifted (standard deviation of logs)."""
HOST_SD = 0.4
"""Hosts of equal accelerators differ by this much (standard deviation of logs)."""
_ROBUST = 2.0
"""Residuals beyond this many standard deviations count linearly."""
_LONGEST_STEP = 1.5
_ENOUGH = 3e-3
"""A fit is done when no log time moves by more."""


@dataclass(frozen=True)
class Prior:
    """What is believed of the logarithms of the coefficients before a row is seen."""

    mean: Floats
    precision: Floats

    @staticmethod
    def around(mean: Floats, freedom: tuple[float, float, float], of_kind: float) -> Prior:
        """`freedom`: standard deviations of all terms of the device together, of each alone, of those of the host.

        The share `of_kind` of what a term does alone it does with those of its kind (computing, moving activations, reading weights).
        """
        shared_sd, own_sd, host_sd = freedom
        device = np.zeros(len(mean))
        device[DEVICE] = 1.0
        alone = np.where(device == 1.0, own_sd * np.sqrt(1.0 - of_kind), host_sd)
        alone[_COPIES] = [_COPY_SD[TERMS[i]] for i in COPY_TERMS]
        covariance = np.outer(device, device) * shared_sd**2 + _ALIKE * of_kind * own_sd**2 + np.diag(alone**2)
        return Prior(mean, np.asarray(np.linalg.inv(covariance), dtype=np.float64))


@dataclass(frozen=True)
class Rows:
    """Rows to fit, and the shifts that belong to how they were taken rather than to the target."""

    work: Floats
    """Rows x terms, in milliseconds at the profile's rates."""
    log_ms: Floats
    sd: Floats
    sources: Floats
    """Rows x sources: 1 where the row is shifted by the source's habit."""
    source_sd: Floats
    run: Ints
    """The run each row belongs to; every run has one shift."""
    run_sd: Floats
    hosts: Floats
    """Rows x hosts: 1 where the row ran on the host, which may be faster or slower than the typical one. No columns for one target."""

    def take(self, chosen: NDArray[np.bool_]) -> Rows:
        """Some of the rows, with all shifts."""
        return replace(
            self, work=self.work[chosen], log_ms=self.log_ms[chosen], sd=self.sd[chosen],
            sources=self.sources[chosen], run=self.run[chosen], hosts=self.hosts[chosen],
        )  # fmt: skip

    def less(self, source_shifts: Floats) -> Rows:
        """The rows of one target: known shifts of sources are taken off and not fitted, and there is one host.

        A run that is alone stands for the answer: there is no other by which it could be shifted.
        """
        nothing = np.zeros((len(self.log_ms), 0))
        log_ms = self.log_ms - self.sources @ source_shifts
        run_sd = np.minimum(self.run_sd, ANSWERING_SD) if len(self.run_sd) == 1 else self.run_sd
        return replace(self, log_ms=log_ms, sources=nothing, source_sd=np.zeros(0), hosts=nothing, run_sd=run_sd)


@dataclass(frozen=True)
class Fit:
    """Logarithms of the coefficients, of the shift of each source, of each host's slowness and of the shift of each run."""

    theta: Floats
    sources: Floats
    hosts: Floats
    runs: Floats


def log_time(work: Floats, theta: Floats, power: float) -> Floats:
    """Natural logarithm of milliseconds."""
    return np.asarray(np.log(_times(work * np.exp(theta), power)[2]), dtype=np.float64)


def _times(parts: Floats, power: float) -> tuple[Floats, Floats, Floats]:
    """(host, device, whole) time of rows whose terms are already times."""
    host, device = parts[:, HOST].sum(1), parts[:, DEVICE].sum(1)
    core = host + device if power == 1.0 else (host**power + device**power) ** (1.0 / power)
    return host, device, core + parts[:, _COPIES].sum(1)


def shares(work: Floats, theta: Floats, power: float) -> tuple[Floats, Floats]:
    """Log time, and its derivative by each log coefficient: the share of the time that the term causes."""
    parts = work * np.exp(theta)
    host, device, whole = _times(parts, power)
    core = whole - parts[:, _COPIES].sum(1)
    found = parts / whole[:, None]
    if power != 1.0:
        found[:, HOST] *= ((host / core) ** (power - 1.0))[:, None]
        found[:, DEVICE] *= ((device / core) ** (power - 1.0))[:, None]
    return np.log(whole), found


def device_share(work: Floats, theta: Floats, power: float) -> Floats:
    """Share of the time of each row that is decided by the device, not by the host."""
    return np.asarray(shares(work, theta, power)[1][:, DEVICE].sum(1), dtype=np.float64)


def fit(rows: Rows, prior: Prior, power: float, start: Fit | None = None, steps: int = 30) -> Fit:
    """Most probable coefficients and shifts (Gauss-Newton, Huber weights). Without rows: the prior's mean."""
    now = start or Fit(
        prior.mean, np.zeros(len(rows.source_sd)), np.zeros(rows.hosts.shape[1]), np.zeros(len(rows.run_sd))
    )
    for _ in range(steps if len(rows.log_ms) else 0):
        now, change = _step(rows, now, prior, power)
        if change < _ENOUGH:
            break
    return now


def residuals(rows: Rows, fitted: Fit, power: float) -> Floats:
    """Log of measured over fitted time, shifts taken off."""
    return rows.log_ms - log_time(_work(rows, fitted), fitted.theta, power) - _shifts(rows, fitted)


def _work(rows: Rows, fitted: Fit) -> Floats:
    """Work as the host of each row does it."""
    if not len(fitted.hosts):
        return rows.work
    work: Floats = rows.work.copy()
    work[:, HOST] *= np.exp(rows.hosts @ fitted.hosts)[:, None]
    return work


def _shifts(rows: Rows, fitted: Fit) -> Floats:
    return np.asarray(rows.sources @ fitted.sources + fitted.runs[rows.run], dtype=np.float64)


def _step(rows: Rows, now: Fit, prior: Prior, power: float) -> tuple[Fit, float]:
    """One step and the largest change of a fitted log time. Runs are eliminated first: each row is in one run only."""
    runs = len(rows.run_sd)
    log_times, by_term = shares(_work(rows, now), now.theta, power)
    residual = rows.log_ms - log_times - _shifts(rows, now)
    weight = np.minimum(1.0, _ROBUST * rows.sd / np.maximum(np.abs(residual), 1e-9)) / rows.sd**2
    by_host = rows.hosts * by_term[:, HOST].sum(1)[:, None]
    slope = np.concatenate([by_term, rows.sources, by_host], axis=1)
    weighted = slope * weight[:, None]
    own = np.bincount(rows.run, weight, runs) + rows.run_sd**-2
    own_pull = np.bincount(rows.run, weight * residual, runs) - now.runs * rows.run_sd**-2
    cross = np.stack([np.bincount(rows.run, column, runs) for column in weighted.T], axis=1)
    pull = weighted.T @ residual - _prior_pull(rows, now, prior)
    matrix = weighted.T @ slope - cross.T @ (cross / own[:, None]) + _prior_matrix(rows, prior)
    shared = np.linalg.solve(matrix, pull - cross.T @ (own_pull / own))
    shared *= min(1.0, _LONGEST_STEP / max(float(np.abs(shared).max()), 1e-9))
    runs_step = (own_pull - cross @ shared) / own
    change = float(np.abs(slope @ shared + runs_step[rows.run]).max())
    ends = np.cumsum([len(now.theta), len(now.sources)])
    theta, sources, hosts = np.split(shared, ends)
    return Fit(now.theta + theta, now.sources + sources, now.hosts + hosts, now.runs + runs_step), change


def _prior_pull(rows: Rows, now: Fit, prior: Prior) -> Floats:
    return np.concatenate([
        prior.precision @ (now.theta - prior.mean), now.sources * rows.source_sd**-2, now.hosts * HOST_SD**-2,
    ])  # fmt: skip


def _prior_matrix(rows: Rows, prior: Prior) -> Floats:
    count, shifts = len(prior.mean), np.concatenate([rows.source_sd**-2, np.full(rows.hosts.shape[1], HOST_SD**-2)])
    matrix = np.diag(np.concatenate([np.zeros(count), shifts]))
    matrix[:count, :count] = prior.precision
    return matrix
