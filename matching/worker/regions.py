"""Where a country can be cut so that its parts can be planned apart: plain arrays in, plain arrays out.

A request and a space couple only within reach. Cells of a coarse grid that requests with a short reach couple
are one component; components lie in strips along the longer axis until a region is large enough. A request
with a long reach is planned where it finds most room near, and may try the other regions afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from places.earth import KM_PER_DEGREE

Array = NDArray[Any]

SHORT_REACH_KM = 50.0
"""Requests that look no further tie cells together; nearly everybody in a town does."""

SMALLEST_CELL, MOST_CELLS = 0.25, 1_500
"""Degrees; cells grow until there are no more of them than can be compared pairwise at once."""

REACHES_KM = np.array([3.0, 6, 12, 25, 50, 100, 200, 400, 800, 1_600, 20_100])
"""Radii are rounded up to these, so that everybody in a cell with a like radius is one question."""


@dataclass(frozen=True, slots=True)
class Points:
    """Where requests (`size`: people; `reach`: km) or spaces (`size`: beds; `reach`: unused) lie, in degrees."""

    lat: Array
    lon: Array
    size: Array
    reach: Array


@dataclass(frozen=True, slots=True)
class Cut:
    """The region, from 0, of each request and each space, and which requests reach several regions."""

    regions: int
    of_request: Array
    of_space: Array
    several: Array


def cut(requests: Points, spaces: Points, *, largest: int) -> Cut:
    """Cut into regions of about `largest` requests; one that nothing divides stays whole, however large."""
    if len(requests.lat) <= largest or not len(spaces.lat):
        return _whole(requests, spaces)
    degrees = SMALLEST_CELL
    while True:
        at, cell_of_space = _cells(spaces, degrees)
        asked, cell_of_request = _cells(requests, degrees, with_reach=True)
        if max(len(at), len(np.unique(asked[:, :2], axis=0))) <= MOST_CELLS:
            break
        degrees *= 2
    beds = np.bincount(cell_of_space, weights=spaces.size, minlength=len(at))
    component_of_cell = _components(asked, at, degrees)
    components = int(component_of_cell.max()) + 1
    homes, reached = _homes(asked, at, beds, component_of_cell, components=components, degrees=degrees)
    load = np.bincount(homes[cell_of_request], minlength=components)
    region_of_component = _strips(at, beds, component_of_cell, load, largest)
    regions = int(region_of_component.max()) + 1
    touched = np.zeros((len(asked), regions), dtype=bool)
    for component in range(components):
        touched[:, region_of_component[component]] |= reached[:, component]
    return Cut(
        regions=regions,
        of_request=region_of_component[homes][cell_of_request],
        of_space=region_of_component[component_of_cell][cell_of_space],
        several=(touched.sum(axis=1) > 1)[cell_of_request],
    )


def _whole(requests: Points, spaces: Points) -> Cut:
    none = np.zeros(len(requests.lat), dtype=bool)
    return Cut(1, np.zeros(len(requests.lat), dtype=int), np.zeros(len(spaces.lat), dtype=int), none)


def _cells(points: Points, degrees: float, *, with_reach: bool = False) -> tuple[Array, Array]:
    """Return the middles (lat, lon) of the cells that hold points, with the reach rounded up, and the cell of each point."""
    rows = [np.floor(points.lat / degrees), np.floor(points.lon / degrees)]
    if with_reach:
        rows.append(REACHES_KM[np.searchsorted(REACHES_KM, np.minimum(points.reach, REACHES_KM[-1]))])
    cells, of_point = np.unique(np.stack(rows, axis=1), axis=0, return_inverse=True)
    cells[:, :2] = (cells[:, :2] + 0.5) * degrees
    return cells, of_point.reshape(-1)


def _km(some: Array, others: Array) -> Array:
    """Return the distances between the middles of cells, on a sphere."""
    lat, lon = np.radians(some[:, None, 0]), np.radians(some[:, None, 1])
    to_lat, to_lon = np.radians(others[None, :, 0]), np.radians(others[None, :, 1])
    half = np.sin((to_lat - lat) / 2) ** 2 + np.cos(lat) * np.cos(to_lat) * np.sin((to_lon - lon) / 2) ** 2
    return np.asarray(2 * np.degrees(np.arcsin(np.sqrt(half))) * KM_PER_DEGREE)


def _may_reach(asked: Array, at: Array, degrees: float) -> tuple[Array, Array]:
    """Return the distances, and which cells somebody in `asked` may reach: never too few, at most some too many."""
    km = _km(asked, at)
    return km, km <= asked[:, 2, None] + degrees * KM_PER_DEGREE * np.sqrt(2)


def _components(asked: Array, at: Array, degrees: float) -> Array:
    """Return the component of each cell of spaces: those that requests with a short reach tie together."""
    near = asked[asked[:, 2] <= SHORT_REACH_KM]
    # The widest of a cell speaks for the others.
    order = np.lexsort((-near[:, 2], near[:, 1], near[:, 0]))
    near = near[order]
    first = np.ones(len(near), dtype=bool)
    first[1:] = (near[1:, :2] != near[:-1, :2]).any(axis=1)
    _, reached = _may_reach(near[first], at, degrees)
    return connected_columns(reached)


def connected_columns(ties: Array) -> Array:
    """Return the component of each column of a boolean matrix: a row ties all columns in which it is true together.

    Components count from 0, in the order of their first columns; a column that no row ties is one by itself.
    It is a breadth-first search that goes from a layer of columns to the rows that tie them, and from those rows to the
    next layer. Each row and each column is looked at once, so a search takes time in proportion to the matrix.
    """
    component = np.full(ties.shape[1], -1)
    row_seen = np.zeros(ties.shape[0], dtype=bool)
    by_column = np.ascontiguousarray(ties.T)
    found = 0
    for start in range(len(component)):
        if component[start] >= 0:
            continue
        layer = np.array([start])
        while len(layer):
            component[layer] = found
            rows = np.flatnonzero(by_column[layer].any(axis=0) & ~row_seen)
            row_seen[rows] = True
            layer = np.flatnonzero(ties[rows].any(axis=0) & (component < 0))
        found += 1
    return component


def _homes(
    asked: Array, at: Array, beds: Array, component_of_cell: Array, *, components: int, degrees: float
) -> tuple[Array, Array]:
    """Return for each group of requests the component where it finds most room near, and which ones it may reach."""
    homes, reached = np.empty(len(asked), dtype=int), np.zeros((len(asked), components), dtype=bool)
    belongs = np.zeros((len(at), components))
    belongs[np.arange(len(at)), component_of_cell] = 1
    for start in range(0, len(asked), MOST_CELLS):
        some = slice(start, start + MOST_CELLS)
        km, within = _may_reach(asked[some], at, degrees)
        room = (within * beds / (1 + km / 10)) @ belongs
        homes[some] = np.where(within.any(axis=1), room.argmax(axis=1), component_of_cell[km.argmin(axis=1)])
        reached[some] = (within @ belongs) > 0
    return homes, reached


def _strips(at: Array, beds: Array, component_of_cell: Array, load: Array, largest: int) -> Array:
    """Return the region of each component: neighbours along the longer axis, about as many requests in each."""
    weight = np.bincount(component_of_cell, weights=beds)
    middle = [np.bincount(component_of_cell, weights=beds * at[:, axis]) / weight for axis in (0, 1)]
    longer = max(middle, key=np.ptp)
    order = np.argsort(longer, kind="stable")
    wanted = max(1, round(load.sum() / largest))
    before = np.cumsum(load[order]) - load[order] / 2
    strip = np.minimum(before * wanted // max(1, load.sum()), wanted - 1).astype(int)
    # Not every strip has a middle in it.
    region = np.empty(len(order), dtype=int)
    region[order] = np.unique(strip, return_inverse=True)[1].reshape(-1)
    return region
