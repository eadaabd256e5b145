"""The coordinators' workplace inside Django's own admin: stock lists, our own pages where the work needs them."""

from matching.admin import (
    audit,
    coordinators,
    deployment,
    hosts,
    matches,
    places,
    records,
    requests,
    sheets,
    spaces,
    tonight,
)

__all__ = [
    "audit",
    "coordinators",
    "deployment",
    "hosts",
    "matches",
    "places",
    "records",
    "requests",
    "sheets",
    "spaces",
    "tonight",
]
