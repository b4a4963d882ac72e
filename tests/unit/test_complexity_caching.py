"""What the caching allocator reserves: sizes at which PyTorch's own test of its statistics (test_graph_memory_stats_and_use_result_after_
destroy_graph in test/test_cuda.py) tells segments apart, with all blocks in use, and what must hold of any sequence of requests."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.complexity.caching import (
    GRAIN,
    LARGE_SEGMENT,
    LEAST,
    OWN_SEGMENT,
    SMALL,
    SMALL_SEGMENT,
    CachingAllocator,
    grown,
    reserved,
    rounded,
)  # fmt: skip

MIB = 2**20
REQUESTS = st.lists(st.integers(1, 40 * MIB), max_size=30)


@pytest.mark.parametrize(
    ("nbytes", "times", "wanted"),
    [
        (LEAST, 1, SMALL_SEGMENT),
        (SMALL, 2, SMALL_SEGMENT),
        (SMALL, 3, 2 * SMALL_SEGMENT),
        (SMALL + LEAST, 1, LARGE_SEGMENT),
        (OWN_SEGMENT - LEAST, 2, LARGE_SEGMENT),
        (OWN_SEGMENT - LEAST, 3, 2 * LARGE_SEGMENT),
        (OWN_SEGMENT + LEAST, 3, 3 * (OWN_SEGMENT + GRAIN)),
    ],
)
def test_requests_come_from_the_segments_that_pytorch_takes(nbytes, times, wanted):
    assert reserved([nbytes] * times, []) == wanted


def test_weights_and_activations_share_segments():
    assert reserved([4 * MIB], [4 * MIB, 4 * MIB]) == LARGE_SEGMENT


def test_what_was_freed_serves_the_next_request_but_stays_reserved():
    assert reserved([], [16 * MIB, -1, 12 * MIB]) == 16 * MIB
    assert reserved([], [12 * MIB, -1, 16 * MIB, -2]) == 12 * MIB + 16 * MIB


def test_a_remainder_up_to_1_mib_of_a_large_block_is_lost():
    assert reserved([], [15 * MIB, -1, 11 * MIB, 2 * MIB]) == 16 * MIB
    assert reserved([], [12 * MIB, -1, 11 * MIB, 2 * MIB]) == 12 * MIB + LARGE_SEGMENT


def test_freed_neighbours_merge_within_their_segment_only():
    halves = [9 * MIB, 9 * MIB, -1, -2]
    assert reserved([], [*halves, 18 * MIB]) == LARGE_SEGMENT
    apart = [12 * MIB, 12 * MIB, -1, -2]
    assert reserved([], [*apart, 24 * MIB]) == 48 * MIB


def test_the_smallest_block_that_is_large_enough_is_taken():
    # 30 MiB must not be cut for the 12, or the 30 that follow would need a segment of their own
    assert reserved([], [30 * MIB, 12 * MIB, -1, -2, 12 * MIB, 30 * MIB]) == 42 * MIB


def test_half_the_bytes_at_half_precision():
    assert reserved([24 * MIB], [24 * MIB], 0.5) == 24 * MIB
    assert reserved([], [3, -1], 0.5) == SMALL_SEGMENT


@given(REQUESTS)
def test_reserved_are_whole_segments_that_hold_everything(requests):
    found = reserved(requests, [])
    assert found % SMALL_SEGMENT == 0
    assert found >= sum(rounded(nbytes) for nbytes in requests)


@given(REQUESTS, st.randoms(use_true_random=False))
def test_blocks_in_use_never_overlap_and_everything_can_be_given_back(requests, chance):
    allocator, used = CachingAllocator(), {}
    for nbytes in requests:
        if used and chance.random() < 0.4:
            allocator.free(used_address := chance.choice(sorted(used)))
            del used[used_address]
        used[allocator.allocate(nbytes)] = rounded(nbytes)
        ends = sorted((address, address + size) for address, size in used.items())
        assert all(end <= start for (_, end), (start, _) in pairwise(ends))
    before = allocator.reserved
    for address in used:
        allocator.free(address)
    for nbytes in requests:  # one after the other: each fits into what is free now
        allocator.free(allocator.allocate(nbytes))
    assert allocator.reserved == before


def test_a_later_forward_may_find_the_free_blocks_cut_otherwise():
    small, large = MIB + LEAST, 15 * MIB
    assert reserved([], [small, large, large, -1, -2, -3]) == LARGE_SEGMENT + 2 * 16 * MIB


@given(REQUESTS)
def test_what_a_forward_leaves_is_freed_before_the_next(requests):
    freed = [*requests, *(-number for number in range(1, len(requests) + 1))]
    assert reserved([], requests) == reserved([], freed)


def test_a_larger_batch_grows_every_allocation_as_from_one_image_to_eight():
    assert grown([100, 50, -1], [800, 50, -1], 64) == [6400, 50, -1]
    assert grown([100, 7, -2], [730, 14, -2], 15) == [730 + 630, 14 + 7, -2]


def test_where_eight_images_run_other_operators_all_grows_in_proportion():
    assert grown([100], [800, 80, -1], 64) == [6400, 640, -1]
    assert grown([100, -1, 50], [800, 80, -1], 16) == [1600, 160, -1]
