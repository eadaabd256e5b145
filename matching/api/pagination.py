"""Pages by cursor: stable while rows come and go."""

from __future__ import annotations

from rest_framework.pagination import CursorPagination


class ByCursor(CursorPagination):
    page_size = 50
    max_page_size = 200
    page_size_query_param = "page_size"
    ordering = ("-created_at", "pk")
    # A round writes thousands of matches at one moment. Rows of one moment are counted off, and with the
    # default limit of 1,000 the pages would begin again from there for ever; 0 is no limit.
    offset_cutoff = 0


class ByRegistration(ByCursor):
    ordering = ("-registered_at", "pk")


class ByPopulation(ByCursor):
    ordering = ("-population", "pk")
