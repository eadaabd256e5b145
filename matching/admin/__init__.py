"""The desk: the coordinators' pages in Django's admin. Lists are the admin's own; other pages are written here."""

from matching.admin import (
    apart,
    audit,
    changes,
    coordinators,
    deployment,
    erasing,
    flags,
    hosts,
    incidents,
    matches,
    places,
    records,
    requests,
    sheets,
    spaces,
    tonight,
)

__all__ = [
    "apart",
    "audit",
    "changes",
    "coordinators",
    "deployment",
    "erasing",
    "flags",
    "hosts",
    "incidents",
    "matches",
    "places",
    "records",
    "requests",
    "sheets",
    "spaces",
    "tonight",
]
