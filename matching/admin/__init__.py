"""The coordinators' workplace inside Django's own admin: stock lists, our own pages where the work needs them."""

from matching.admin import hosts, matches, records, requests, spaces

__all__ = ["hosts", "matches", "records", "requests", "spaces"]
