"""Cutting a country: a region holds every space that its requests reach, except requests marked as reaching several."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from benchmarks.engine_weeks import country
from matching.worker.regions import Cut, Points, connected_columns, cut
from places.earth import distance_km

ALMATY, ORAL, TBILISI, NEAR_ORAL = (43.25, 76.92), (51.23, 51.37), (41.69, 44.83), (51.23, 52.6)


def points(*places: tuple[float, float], reach: float = 20.0) -> Points:
    lat, lon = np.array(places, dtype=float).reshape(-1, 2).T
    return Points(lat, lon, np.ones(len(lat)), np.full(len(lat), reach))


def outside(requests: Points, spaces: Points, found: Cut, *, whoever: bool = False) -> int:
    """Count the spaces that requests reach outside their regions; requests that reach several count only if `whoever`."""
    return sum(
        found.of_space[space] != found.of_request[request]
        and distance_km(requests.lat[request], requests.lon[request], spaces.lat[space], spaces.lon[space])
        <= requests.reach[request]
        for request in range(len(requests.lat))
        if whoever or not found.several[request]
        for space in range(len(spaces.lat))
    )


def test_towns_far_apart_are_regions_of_their_own() -> None:
    towns = points(ALMATY, ORAL, TBILISI)

    found = cut(towns, towns, largest=1)

    assert found.regions == 3
    assert found.of_request.tolist() == found.of_space.tolist()
    assert not found.several.any()


def test_few_requests_are_planned_together() -> None:
    towns = points(ALMATY, ORAL, TBILISI)

    found = cut(towns, towns, largest=3)

    assert (found.regions, found.of_request.tolist(), found.several.any()) == (1, [0, 0, 0], False)


def test_a_town_stays_whole_however_large() -> None:
    town = points(*[(43.25 + step / 50, 76.92) for step in range(30)])

    assert cut(town, town, largest=2).regions == 1


def test_request_that_reaches_several_regions_is_planned_where_most_room_is_near() -> None:
    spaces = points(ORAL, NEAR_ORAL, NEAR_ORAL, NEAR_ORAL)
    requests = points(ORAL, NEAR_ORAL, reach=20)
    far = points((51.23, 52.4), reach=120)
    asking = Points(
        *(
            np.concatenate(pair)
            for pair in zip(
                (requests.lat, requests.lon, requests.size, requests.reach),
                (far.lat, far.lon, far.size, far.reach),
                strict=True,
            )
        )
    )

    found = cut(asking, spaces, largest=1)

    assert found.regions == 2
    assert found.several.tolist() == [False, False, True]
    assert found.of_request[2] == found.of_space[1]


def test_request_that_reaches_no_space_is_still_planned() -> None:
    found = cut(points(ALMATY, ORAL, (0.0, 0.0)), points(ALMATY, ORAL), largest=1)

    assert not found.several[2]
    assert found.of_request[2] in (0, 1)


@pytest.mark.parametrize("seed", range(8))
def test_no_request_reaches_out_of_its_region_unmarked(seed: int) -> None:
    needs, offers = country(300, 120, seed=seed)
    requests = Points(
        np.array([need.lat for need in needs]),
        np.array([need.lon for need in needs]),
        np.array([need.people for need in needs]),
        np.array([need.radius_km for need in needs]),
    )
    spaces = points(*[(offer.lat, offer.lon) for offer in offers])

    found = cut(requests, spaces, largest=40)

    assert found.regions > 1
    assert outside(requests, spaces, found) == 0
    # The negative control: marked requests do reach spaces outside their regions.
    assert outside(requests, spaces, found, whoever=True) > 0


@given(
    arrays(
        bool,
        st.tuples(st.integers(0, 12), st.integers(1, 12)),
        elements=st.booleans(),
        fill=st.just(False),
    )
)
def test_columns_are_connected_as_scipy_finds_them(ties: np.ndarray) -> None:
    rows, columns = ties.shape
    # The same ties as a graph: columns come before rows, so scipy too numbers the components by their first columns.
    graph = np.zeros((columns + rows, columns + rows), dtype=bool)
    graph[columns:, :columns] = ties
    _, expected = connected_components(csr_array(graph), directed=False)

    assert connected_columns(ties).tolist() == expected[:columns].tolist()


def test_columns_that_no_row_ties_are_apart() -> None:
    assert connected_columns(np.zeros((2, 3), dtype=bool)).tolist() == [0, 1, 2]
