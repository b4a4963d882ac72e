"""Adds to each pick the guideline of the literature that its network illustrates."""

from __future__ import annotations

from advisor.recommend.answer import Pick, Recommendation
from advisor.recommend.guidelines import illustrated
from advisor.store import Store


def with_guidelines(store: Store, answer: Recommendation) -> Recommendation:
    """The answer with one or two more reasons for each network that is shown, where a guideline applies."""

    def told(pick: Pick) -> Pick:
        return pick._replace(reasons=(*pick.reasons, *illustrated(store.makeup(pick.model, pick.resolution))))

    return answer._replace(picks=tuple(map(told, answer.picks)), measure_first=tuple(map(told, answer.measure_first)))
