"""Where a call comes from. `accounts.throttles` counts tries by it, and stores only an index."""

from __future__ import annotations

from ipaddress import IPv6Address, IPv6Network, ip_address

from django.http import HttpRequest
from rest_framework.request import Request


def source_of(request: HttpRequest | Request) -> str:
    """Return the network address of a caller, as it is counted."""
    return counted(str(request.META.get("REMOTE_ADDR", "")))


def counted(address: str) -> str:
    """Return the source that `address` belongs to: an IPv4 address as it is, an IPv6 address by its /64.

    Every line and every phone has a /64 of its own (RFC 6177), so counting single IPv6 addresses would count nobody. An
    IPv4 address that is written as IPv6 is the same source. Anything else is a source as it is.
    """
    try:
        read = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(read, IPv6Address):
        return str(read)
    if read.ipv4_mapped is not None:
        return str(read.ipv4_mapped)
    return str(IPv6Network((read, 64), strict=False))
