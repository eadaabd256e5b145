"""The compiled half of the engine: the same rules and objective as arrays, in kernels that numba compiles and caches.

`problem` lays needs and offers out as arrays, and `ways` says what a way is as an array. `legs` and `two_legs` find the
best ways to place a need. `pricing` prices all ways, which proves the bound, and `ascent` looks for the prices.
`diving` and `ruining` make the plan, and `solving` leads through the phases. `board_state` and `board_kernels`
answer for a board.

numba takes half a second to load. So nothing outside imports these files before a plan or a board is made.
"""
