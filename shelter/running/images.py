"""`make pin-images`: write the digest of each image that the service stands on into docker-compose.yml and the Dockerfile.

A tag such as `postgres:18` names another image every few weeks, and whoever holds the registry's account can make it name
anything. A digest names the same bytes for ever. The digests come from the registry (OCI Distribution Specification 1.1), so the
machine must be connected. Run it again to move on to newer images; read what changed before committing it.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import httpx

from shelter.environment import is_this_machine
from shelter.running.state import CHECKOUT

FILES = (CHECKOUT / "docker-compose.yml", CHECKOUT / "Dockerfile")
OWN = "shanyrak"
"""The image that is built from these files, so that it has no digest in a registry."""
NAMED = re.compile(
    r"^(?P<before>\s*image:[ ]|FROM[ ]|COPY --from=)(?P<image>[^\s@]+)(?:@sha256:[0-9a-f]{64})?(?P<after>.*)$", re.M
)
ANSWERS_WANTED = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)
"""The list of all platforms first, so that one digest serves x86_64 and ARM alike."""


class NotPinned(Exception):
    """A registry did not say which image a name stands for; the message says why."""


class Image(NamedTuple):
    registry: str
    """Host, with a port if it has one."""
    repository: str
    tag: str


def parsed(name: str) -> Image:
    """Return the parts of `[registry/]repository[:tag]`. Docker's own registry and the tag `latest` may be left out."""
    first, slash, rest = name.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        registry, path = first, rest
    else:
        registry, path = "registry-1.docker.io", name if slash else f"library/{name}"
    repository, _, tag = path.partition(":")
    return Image(registry, repository, tag or "latest")


def digest_of(name: str) -> str:
    """Ask the registry which image `name` stands for now; return `sha256:` and 64 digits. Raises NotPinned.

    The digest is counted from the bytes of the answer, so a registry cannot claim one that does not fit.
    """
    image = parsed(name)
    scheme = "http" if is_this_machine(image.registry.partition(":")[0]) else "https"
    url = f"{scheme}://{image.registry}/v2/{image.repository}/manifests/{image.tag}"
    try:
        with httpx.Client(timeout=30, follow_redirects=True, headers={"Accept": ANSWERS_WANTED}) as http:
            answer = http.get(url)
            if answer.status_code == httpx.codes.UNAUTHORIZED:
                token = _token(http, answer.headers.get("WWW-Authenticate", ""))
                answer = http.get(url, headers={"Authorization": f"Bearer {token}"})
            answer.raise_for_status()
    except (httpx.HTTPError, KeyError, ValueError) as problem:
        raise NotPinned(f"{name}: {image.registry} did not answer as a registry does ({problem}).") from problem
    digest = f"sha256:{hashlib.sha256(answer.content).hexdigest()}"
    if (claimed := answer.headers.get("Docker-Content-Digest", digest)) != digest:
        raise NotPinned(f"{name}: {image.registry} says {claimed}, but its answer has the digest {digest}.")
    return digest


def _token(http: httpx.Client, challenge: str) -> str:
    """Return a token for reading, as the challenge of a 401 says (RFC 6750). Raises KeyError, ValueError or httpx.HTTPError."""
    asked = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
    given = http.get(asked.pop("realm"), params=asked)
    given.raise_for_status()
    token = given.json()
    return str(token.get("token") or token["access_token"])


def images_in(text: str) -> list[str]:
    """Return the names of the images that a Compose file or Dockerfile takes from registries, without digests, each once."""
    stages = set(re.findall(r"^FROM \S+ AS (\S+)", text, re.M))
    return list(dict.fromkeys(found["image"] for found in NAMED.finditer(text) if found["image"] not in {OWN, *stages}))


def pinned(text: str, digests: dict[str, str]) -> str:
    """Return the text of the file with `@digest` behind each image of `digests`, in place of one that is there."""

    def line(found: re.Match[str]) -> str:
        digest = digests.get(found["image"])
        return f"{found['before']}{found['image']}@{digest}{found['after']}" if digest else found[0]

    return NAMED.sub(line, text)


def pin(files: Iterable[Path], ask: Callable[[str], str] = digest_of) -> dict[str, str]:
    """Write the digests into the files, or change none of them; return image → digest. Raises NotPinned."""
    texts = {file: file.read_text(encoding="utf-8") for file in files}
    digests = {image: ask(image) for text in texts.values() for image in images_in(text)}
    for file, text in texts.items():
        file.write_text(pinned(text, digests), encoding="utf-8")
    return digests


if __name__ == "__main__":
    try:
        for image, digest in pin(FILES).items():
            print(f"{image} is {digest}")
    except NotPinned as why:
        sys.exit(f"No file was changed. {why}")
