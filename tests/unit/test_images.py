"""`make pin-images`, against a registry of our own: the protocol is real HTTP, only the images are made up."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from shelter.running import images
from shelter.running.images import Image, NotPinned, digest_of, images_in, parsed, pin, pinned
from tests.unit.documents import ROOT

MANIFEST = b'{"schemaVersion": 2, "manifests": []}'
DIGEST = f"sha256:{hashlib.sha256(MANIFEST).hexdigest()}"
TOKEN = "only-for-reading"


class Registry(BaseHTTPRequestHandler):
    """A registry that gives a token to everybody and has one image: library/postgres:18."""

    claimed = DIGEST

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        if address.path == "/token":
            asked = parse_qs(address.query)
            good = asked == {"service": ["here"], "scope": ["repository:library/postgres:pull"]}
            return self.answer(200 if good else 400, json.dumps({"token": TOKEN}).encode())
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            realm = f'Bearer realm="http://127.0.0.1:{self.server.server_port}/token"'
            scope = 'service="here",scope="repository:library/postgres:pull"'
            return self.answer(401, b"", ("WWW-Authenticate", f"{realm},{scope}"))
        if address.path != "/v2/library/postgres/manifests/18" or "oci.image.index" not in self.headers["Accept"]:
            return self.answer(404, b"")
        return self.answer(200, MANIFEST, ("Docker-Content-Digest", self.claimed))

    def answer(self, status: int, body: bytes, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def registry() -> Iterator[str]:
    """The address of a running registry, as it stands in front of an image's name."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Registry) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize(
    ("name", "image"),
    [
        ("postgres:18", Image("registry-1.docker.io", "library/postgres", "18")),
        ("caddy", Image("registry-1.docker.io", "library/caddy", "latest")),
        ("some/thing:1.2", Image("registry-1.docker.io", "some/thing", "1.2")),
        ("ghcr.io/some/thing:1", Image("ghcr.io", "some/thing", "1")),
        ("localhost:5000/thing", Image("localhost:5000", "thing", "latest")),
    ],
)
def test_name_is_read_as_docker_reads_it(name: str, image: Image) -> None:
    assert parsed(name) == image


def test_digest_is_that_of_the_registrys_answer(registry: str) -> None:
    assert digest_of(f"{registry}/library/postgres:18") == DIGEST


def test_registry_that_claims_another_digest_is_refused(registry: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Registry, "claimed", "sha256:" + "0" * 64)

    with pytest.raises(NotPinned, match="but its answer has the digest"):
        digest_of(f"{registry}/library/postgres:18")


def test_image_that_is_not_there_changes_no_file(registry: str, tmp_path: Path) -> None:
    good, bad = tmp_path / "docker-compose.yml", tmp_path / "Dockerfile"
    good.write_text(f"    image: {registry}/library/postgres:18\n")
    bad.write_text(f"FROM {registry}/library/nothing:1\n")

    with pytest.raises(NotPinned):
        pin([good, bad])

    assert "@" not in good.read_text() + bad.read_text()


def test_files_are_pinned_and_pinned_anew(registry: str, tmp_path: Path) -> None:
    compose, dockerfile = tmp_path / "docker-compose.yml", tmp_path / "Dockerfile"
    name = f"{registry}/library/postgres:18"
    compose.write_text(f"  image: shanyrak\n    image: {name}@sha256:{'1' * 64}\n")
    dockerfile.write_text(f"FROM {name} AS build\nCOPY --from=build /a /a\nFROM build\n")

    assert pin([compose, dockerfile]) == {name: DIGEST}
    assert compose.read_text() == f"  image: shanyrak\n    image: {name}@{DIGEST}\n"
    assert dockerfile.read_text() == f"FROM {name}@{DIGEST} AS build\nCOPY --from=build /a /a\nFROM build\n"


def test_every_image_of_the_service_is_found() -> None:
    found = [images_in(file.read_text()) for file in images.FILES]

    assert [[name.partition(":")[0] for name in names] for names in found] == [
        ["caddy", "postgres", "redis"],
        ["python", "postgres"],
    ]
    assert [file.parent for file in images.FILES] == [ROOT, ROOT]


def test_pinned_file_differs_in_its_images_only() -> None:
    for file in images.FILES:
        text = file.read_text()
        digests = dict.fromkeys(images_in(text), DIGEST)

        changed = [
            new for old, new in zip(text.splitlines(), pinned(text, digests).splitlines(), strict=True) if old != new
        ]

        assert [f"@{DIGEST}" in line for line in changed] == [True] * len(changed)
        assert [line for line in changed if "--from=build" in line] == []
        assert changed
