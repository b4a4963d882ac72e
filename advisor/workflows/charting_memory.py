"""The data of the chart of memory against parameters: measured with a line where there is evidence, else accounted without one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from advisor.errors import NotEnoughEvidence
from advisor.predict.memory_lines import WHOLE_PROCESS, MemoryLine, memory_lines
from advisor.recommend.charts import Chart
from advisor.recommend.claims import memory_claim
from advisor.recommend.panels import ONE_EACH, memory_panel, predicted_memory_panel
from advisor.recommend.sides import basis_note
from advisor.records import Device
from advisor.store import Store
from advisor.workflows.answering import TargetOptions, checked_batch, estimates_by_size
from advisor.workflows.choosing import chosen_device
from advisor.workflows.preparing import Progress, prepared_store, silent


def memory_complexity(
    *,
    device: str | None = None,
    batch_size: int | None = None,
    runtime: str | None = None,
    precision: str | None = None,
    everything: bool = False,
    on_progress: Progress = silent,
) -> Chart:
    """Measured memory against parameters with the fitted line: one panel per device and kind of memory, with most networks.

    Without a device: all devices with measured memory. `everything`: every target, batch size and kind. A device without
    measured memory shows the accounted memory, without a line. Raises UnknownName, UsageError, NotEnoughEvidence.
    """
    if batch_size is not None:
        checked_batch(batch_size)
    with prepared_store(on_progress) as store:
        profile, notes = (None, ()) if device is None else chosen_device(store, device)
        found = memory_lines(store.measurements(profile.id if profile else None), store.parameters())
        asked = [line for line in found if _asked(line, batch_size, runtime, precision)]
        if asked:
            return _measured_memory(asked, everything, store.families(), notes)
        if profile is None or found:
            raise NotEnoughEvidence(_no_memory(found, profile))
        return _accounted_memory(store, profile, batch_size or 1, TargetOptions(runtime, precision), notes)


def _asked(line: MemoryLine, batch_size: int | None, runtime: str | None, precision: str | None) -> bool:
    wanted = ((batch_size, line.batch_size), (runtime, line.target.runtime), (precision, line.target.precision))
    return all(asked is None or asked == found for asked, found in wanted)


def _measured_memory(
    lines: Sequence[MemoryLine], everything: bool, families: Mapping[str, str], notes: Sequence[str]
) -> Chart:
    chosen = list(lines) if everything else _one_each(lines)
    left = len(lines) - len(chosen)
    said = [
        *notes,
        "one point per network and resolution (median of what was observed); kinds of memory and batch sizes are never mixed",
    ]
    if left:
        said.append(
            f"not shown: {left} lines of other targets and batch sizes (--batch-size, --runtime and --precision choose; --all)"
        )
    if not any(line.kind in WHOLE_PROCESS for line in lines):
        said.append("no peak memory of a whole process was measured here; 'advisor measure' on the device does")
    sources = sorted({source for line in chosen for source in line.sources})
    said.append(f"sources: {', '.join(sources)}")
    panels = tuple(memory_panel(line, families) for line in chosen)
    return Chart(
        "memory-complexity", "Memory against parameters", "", panels, tuple(map(memory_claim, chosen)), tuple(said)
    )


def _one_each(lines: Sequence[MemoryLine]) -> list[MemoryLine]:
    """Of each device and kind the line with most networks; `lines` are in that order."""
    kept: dict[tuple[str, str], MemoryLine] = {}
    for line in lines:
        kept.setdefault((line.target.device, line.kind), line)
    return list(kept.values())


def _accounted_memory(
    store: Store, profile: Device, batch_size: int, options: TargetOptions, notes: Sequence[str]
) -> Chart:
    target = options.on(profile)
    estimates = estimates_by_size(store, target, batch_size)
    reason = f"no memory was measured on {profile.id}: a line through predictions would only show how they are made"
    panel = predicted_memory_panel(store.rated(), estimates, target, batch_size, reason)
    if not panel.points:
        known = next(iter(estimates.values()), None)
        raise NotEnoughEvidence(
            f"no memory is known on {profile.id}: {known.memory_reason if known else 'nothing was counted'}"
        )
    said = (
        *notes,
        reason,
        f"'advisor measure --device {profile.id}' on the device measures it",
        ONE_EACH,
        basis_note(panel),
    )
    return Chart("memory-complexity", "Memory against parameters", "", (panel,), notes=said)


def _no_memory(found: Sequence[MemoryLine], profile: Device | None) -> str:
    where = f" on {profile.id}" if profile else ""
    if not found:
        return f"no memory was measured{where}; 'advisor measure' on a device does, or name one with --device"
    there = sorted({f"{line.target.runtime} {line.target.precision} at batch {line.batch_size}" for line in found})
    return f"no memory was measured{where} in that setting; it was with {', '.join(there)}"
