"""Finds measurements that a source set lists more than once: under another file, label or weight set.

Works after mapping, within one source group, on identical printed figures; contradicting figures are never duplicates.
"""

from __future__ import annotations

from collections.abc import Iterable

from advisor.records import GRADES, Measurement
from advisor.store.importers.sources import Known

Key = tuple[object, ...]


def find_duplicates(measurements: Iterable[Measurement], known: Known) -> dict[str, str]:
    """Id of each repeated listing -> id of the one to keep: the best documented, then the first.

    Sources of one group (`known`) may list the same observation; a source that is not in it stands alone.
    The more figures agree, the less of the label must: two figures outweigh another power mode or engine option,
    four (a mean with percentiles) another precision; a single figure counts only under one label.
    """
    ranked = sorted(measurements, key=lambda m: (GRADES.index(m.grade), len(m.caveats), m.latency_ms is None))
    kept: dict[Key, str] = {}
    repeated: dict[str, str] = {}
    for measurement in ranked:
        group = known[measurement.source].group if measurement.source in known else measurement.source
        own, covered = _fingerprint(measurement, group), _throughput_key(measurement, group)
        first = kept.get(own) or (kept.get(covered) if covered and measurement.latency_ms is None else None)
        if first is not None and first != measurement.id:
            repeated[measurement.id] = first
            continue
        kept[own] = measurement.id
        if covered:
            kept.setdefault(covered, measurement.id)
    return repeated


def _figures(m: Measurement) -> tuple[float, ...]:
    return tuple(
        value
        for value in (m.latency_ms, m.throughput_img_s, *(m.quantiles[name] for name in sorted(m.quantiles)))
        if value
    )


def _fingerprint(m: Measurement, group: str) -> Key:
    figures = _figures(m)
    target = m.target
    label: Key = (target.precision,)
    if len(figures) < 2:
        label = (target.precision, target.power_mode, target.runtime_options, m.memory_mib)
    elif len(figures) >= 4:
        label = ()
    return (*_context(m, group), *figures, *label)


def _context(m: Measurement, group: str) -> Key:
    t = m.target
    place = (t.device, t.compute_unit, t.runtime, t.memory_format, t.threads, t.software)
    return (group, m.signature, m.resolution, m.batch_size, *place, m.statistic, m.timing_scope)


def _throughput_key(m: Measurement, group: str) -> Key | None:
    """Key under which a table of throughput alone meets the fuller table it repeats."""
    if m.throughput_img_s is None:
        return None
    t = m.target
    return (*_context(m, group), "throughput", m.throughput_img_s, t.precision, t.power_mode, t.runtime_options)
