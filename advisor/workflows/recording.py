"""From the journal to the database: what the journal says is there, and nothing else of our own measurements."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from advisor.locations import shipped
from advisor.measure.files import write_json
from advisor.measure.fingerprint import fingerprint
from advisor.measure.journal import Journal
from advisor.measure.progress import campaigns
from advisor.measure.published import Published, Weighed, published
from advisor.measure.records import Job, subject_hash
from advisor.records import Observation
from advisor.records.cases import CASES, DEGRADE
from advisor.store import Store
from advisor.store.importers.observations import make
from advisor.store.seeding import add_observations

SOURCE = "measured-here"
"""Source id of what this home measured itself."""
RESULTS = "published"
"""Folder of the result files, beside the journal."""
_PRODUCT = {"pytorch-eager": "torch", "pytorch-compile": "torch", "onnxruntime": "onnxruntime", "tensorrt": "tensorrt"}


def record(store: Store, journal: Journal) -> bool:
    """Bring the database in line with the journal; returns whether anything changed."""
    found = {one.id: one for one in observations(journal)}
    with store.writing():
        mine = {f"{campaign}-" for campaign in campaigns(journal.events())}
        stale = store.forget_observations(SOURCE, lambda seen: seen.locator[:9] in mine and seen.id not in found)
        outcomes = add_observations(store, shipped("benchmarks_db"), list(found.values()), "user")
    return bool(stale) or any(outcome == "accepted" for outcome, _ in outcomes.values())


def write_results(store: Store, journal: Journal, just_run: str) -> None:
    """One file per published number, fit to be given away: what `advisor compare` reads.

    Those of the campaign that was just run, and of others where a file is missing: a profile may have changed since.
    """
    folder = journal.folder / RESULTS
    folder.mkdir(exist_ok=True)
    known = {device.id: device for device in store.devices()}
    for campaign in campaigns(journal.events()).values():
        for number in published(campaign, journal.results)[0]:
            file = folder / f"{number.result_id}.json"
            if number.job.device in known and (campaign.id == just_run or not file.exists()):
                write_json(file, fingerprint(number, known[number.job.device]))


def result_files(folder: Path) -> dict[str, Path]:
    """Result id -> file."""
    return {path.stem: path for path in sorted((folder / RESULTS).glob("*.json"))}


def observations(journal: Journal) -> Iterator[Observation]:
    """One observation for each subject: measuring again replaces what was measured before."""
    found = one_of_each(journal, lambda _new, _old: True)
    yield from (observation(number, threads) for number, threads in found.numbers)
    yield from (memory_observation(weighed, threads) for weighed, threads in found.weighed)


class OneOfEach(NamedTuple):
    """What is kept of each subject, with the threads of its target."""

    numbers: list[tuple[Published, int]]
    weighed: list[tuple[Weighed, int]]
    """Memory, newest last measured, of subjects that no campaign has a number of."""


def one_of_each(journal: Journal, replaces: Callable[[Published, Published], bool]) -> OneOfEach:
    """One published number for each subject, else its memory; `replaces(new, old)` chooses between two campaigns' numbers."""
    chosen: dict[tuple[str, int], Published] = {}
    memory: dict[tuple[str, int], Weighed] = {}
    for campaign in campaigns(journal.events()).values():
        threads = int(campaign.settings["target"]["threads"])
        numbers, left = published(campaign, journal.results)
        for number in numbers:
            key = subject_hash(number.job), threads
            if key not in chosen or replaces(number, chosen[key]):
                chosen[key] = number
        memory |= {(subject_hash(one.job), threads): one.weighed for one in left if one.weighed is not None}
    return OneOfEach(
        [(number, threads) for (_, threads), number in chosen.items()],
        [(weighed, key[1]) for key, weighed in memory.items() if key not in chosen],
    )


def memory_observation(weighed: Weighed, threads: int, source: str = SOURCE) -> Observation:
    """The form in which memory without a latency enters the database."""
    return make(
        **_where(weighed.job, weighed.result, threads), source=source, locator=weighed.result_id,
        memory_mib=_rounded(weighed.memory_mib), memory_kind=weighed.memory_kind, statistic="p50", timing_scope="forward",
    )  # fmt: skip


def observation(number: Published, threads: int, source: str = SOURCE) -> Observation:
    """The form in which a number enters the database and its exchange files; `threads` as the target says them (0: all)."""
    job = number.job
    tails = {name: value for name, value in number.percentiles.items() if value is not None and name != "p50"}
    doubts = [code for code in number.verdict.codes if CASES[code].effect == DEGRADE]
    return make(
        **_where(job, number.result, threads), source=source, locator=number.result_id,
        latency_ms=_rounded(number.p50), throughput_img_s=_rounded(number.throughput_img_s),
        memory_mib=_rounded(number.memory_mib), memory_kind=number.memory_kind, statistic="p50", timing_scope=_scope(job),
        samples=number.samples,
        quantiles={name: float(f"{value:.6g}") for name, value in {**tails, "ci_low": number.low, "ci_high": number.high}.items()},
        note="; ".join(doubts),
    )  # fmt: skip


def _where(job: Job, result: Mapping[str, Any], threads: int) -> dict[str, Any]:
    """What was measured, and on what."""
    return {
        "model": job.model, "library_hint": job.model.partition("/")[0], "device": job.device, "runtime": job.runtime,
        "precision": job.precision, "batch_size": job.batch_size, "resolution": job.resolution,
        "memory_format": job.memory_format, "power_mode": job.power_mode, "threads": threads,
        "software": _software(job.runtime, result["software"]),
    }  # fmt: skip


def _scope(job: Job) -> str:
    """ONNX Runtime's run() takes its input from the host and gives its output there."""
    return "forward+copies" if job.runtime == "onnxruntime" and job.compute_unit == "gpu" else "forward"


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")


def _software(runtime: str, versions: Mapping[str, str]) -> str:
    product = _PRODUCT[runtime]
    version = versions.get(product, "")
    return f"{product} {version}" if version else product
