"""Pages by cursor: no row is shown twice or left out while rows come and go."""

from __future__ import annotations

from rest_framework.pagination import CursorPagination


class ByCursor(CursorPagination):
    page_size = 50
    max_page_size = 200
    page_size_query_param = "page_size"
    ordering = ("-created_at", "pk")
    # Set no limit (0): among rows of the same moment, a cursor is the number of rows to skip. A round writes thousands of
    # matches at one moment, and with the default limit of 1,000 the pages after it would repeat for ever.
    offset_cutoff = 0


class ByRegistration(ByCursor):
    ordering = ("-registered_at", "pk")


class ByPopulation(ByCursor):
    ordering = ("-population", "pk")


class ByBeginning(ByCursor):
    ordering = ("-began_at", "pk")
