"""The engine's compiled half: the same rules and objective as arrays, in kernels that numba compiles once and caches.

`week` lays needs and offers out as arrays; `legs` finds every way to place a need; `pricing` prices them
all, which proves the bound; `ascent` looks for the prices; `diving` and `ruining` make the plan;
`solving` leads through the phases. Everything here is imported only when a plan is made, for numba
takes half a second to load.
"""
