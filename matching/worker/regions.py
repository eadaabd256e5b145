"""Cut a country into regions that can be planned separately. The functions take and return plain arrays.

A request and a space matter to each other only within reach. Spaces lie in the cells of a coarse grid, and cells that
requests with a short reach tie together are one component. Components are gathered in strips along the longer axis until a
region is large enough. A request with a long reach is planned where it finds most room near, and may try the
other regions afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from places.earth import KM_PER_DEGREE

Array = NDArray[Any]

SHORT_REACH_KM = 50.0
"""Requests with at most this radius tie cells together. Nearly all requests in a town have such a radius."""

SMALLEST_CELL, MOST_CELLS = 0.25, 1_500
"""Size of the cells in degrees. It is doubled until there are at most MOST_CELLS, so that all pairs fit into memory."""

REACHES_KM = np.array([3.0, 6, 12, 25, 50, 100, 200, 400, 800, 1_600, 20_100])
"""Kilometres. Radii are rounded up to these steps, so that the requests of one cell and one step are compared only once."""


@dataclass(frozen=True, slots=True)
class Points:
    """Requests or spaces as arrays of equal length, with their places in degrees.

    `size` is the people of a request or the beds of a space. `reach` is the radius of a request in km; spaces do not use it.
    """

    lat: Array
    lon: Array
    size: Array
    reach: Array


@dataclass(frozen=True, slots=True)
class Cut:
    """The region of each request and each space, from 0 on, and whether a request reaches several regions."""

    regions: int
    of_request: Array
    of_space: Array
    several: Array


def cut(requests: Points, spaces: Points, *, largest: int) -> Cut:
    """Cut into regions of about `largest` requests. A component is never cut, however large it is."""
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
    """Return the cells that hold points, one row (lat, lon of the middle) each, and the cell of each point.

    With `with_reach`, points of different reach are in different rows; the third column is the reach in km, rounded up.
    """
    rows = [np.floor(points.lat / degrees), np.floor(points.lon / degrees)]
    if with_reach:
        rows.append(REACHES_KM[np.searchsorted(REACHES_KM, np.minimum(points.reach, REACHES_KM[-1]))])
    cells, of_point = np.unique(np.stack(rows, axis=1), axis=0, return_inverse=True)
    cells[:, :2] = (cells[:, :2] + 0.5) * degrees
    return cells, of_point.reshape(-1)


def _km(some: Array, others: Array) -> Array:
    """Return the great-circle distances in km (haversine) between the middles of cells: a row for each of `some`."""
    lat, lon = np.radians(some[:, None, 0]), np.radians(some[:, None, 1])
    to_lat, to_lon = np.radians(others[None, :, 0]), np.radians(others[None, :, 1])
    half = np.sin((to_lat - lat) / 2) ** 2 + np.cos(lat) * np.cos(to_lat) * np.sin((to_lon - lon) / 2) ** 2
    return np.asarray(2 * np.degrees(np.arcsin(np.sqrt(half))) * KM_PER_DEGREE)


def _may_reach(asked: Array, at: Array, degrees: float) -> tuple[Array, Array]:
    """Return the distances, and the cells that a group in `asked` may reach: never too few, and perhaps some too many."""
    km = _km(asked, at)
    return km, km <= asked[:, 2, None] + degrees * KM_PER_DEGREE * np.sqrt(2)


def _components(asked: Array, at: Array, degrees: float) -> Array:
    """Return the component of each cell of spaces. Requests with a short reach tie all cells that they reach."""
    near = asked[asked[:, 2] <= SHORT_REACH_KM]
    # Of the groups in a cell, the one with the widest reach ties all that the others tie.
    order = np.lexsort((-near[:, 2], near[:, 1], near[:, 0]))
    near = near[order]
    first = np.ones(len(near), dtype=bool)
    first[1:] = (near[1:, :2] != near[:-1, :2]).any(axis=1)
    _, reached = _may_reach(near[first], at, degrees)
    return connected_columns(reached)


def connected_columns(ties: Array) -> Array:
    """Return the component of each column of the boolean matrix `ties`: a row ties all columns in which it is true.

    Components count from 0, in the order of their first columns. A column that no row ties is a component by itself.
    A breadth-first search goes from a layer of columns to the rows that tie them, and from those rows to the next layer.
    Each row and each column is visited once, so a search takes time in proportion to the size of the matrix.
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
    """Return for each group of requests the component where it finds most room near, and all components it may reach."""
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
    """Return the region of each component. Regions are strips across the longer axis with about as many requests each."""
    weight = np.bincount(component_of_cell, weights=beds)
    middle = [np.bincount(component_of_cell, weights=beds * at[:, axis]) / weight for axis in (0, 1)]
    longer = max(middle, key=np.ptp)
    order = np.argsort(longer, kind="stable")
    wanted = max(1, round(load.sum() / largest))
    before = np.cumsum(load[order]) - load[order] / 2
    strip = np.minimum(before * wanted // max(1, load.sum()), wanted - 1).astype(int)
    # A strip in which no component has its middle is left out, and the others are numbered without it.
    region = np.empty(len(order), dtype=int)
    region[order] = np.unique(strip, return_inverse=True)[1].reshape(-1)
    return region
