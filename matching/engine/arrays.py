"""Types of the engine's arrays, by what they hold and by how many dimensions they have.

numpy's types cannot hold a number of dimensions to account yet, so mypy checks the kind of number alone and the name
tells the reader the rest. The width of a number (int16, int32, int64) is chosen where an array is made.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

IntVector = NDArray[np.integer[Any]]
IntMatrix = NDArray[np.integer[Any]]
IntCube = NDArray[np.integer[Any]]
"""Three dimensions or four, as said where one is made."""

FloatVector = NDArray[np.floating[Any]]
FloatMatrix = NDArray[np.floating[Any]]

BoolVector = NDArray[np.bool_]
BoolMatrix = NDArray[np.bool_]
