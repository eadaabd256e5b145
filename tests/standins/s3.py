"""A store that speaks as much of S3's protocol as a backup needs, over real HTTP: objects, parts, lists, and one key."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

KEY_ID, KEY = "shanyrak-tests", "told-to-nobody"
BUCKET = "copies"


class Bucket(ThreadingHTTPServer):
    """One bucket in memory. `failing` answers 503 to every PUT, as a store does that is full or away."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.objects: dict[str, bytes] = {}
        self.uploads: dict[str, dict[int, bytes]] = {}
        self.parts_sent = 0
        self.failing = False

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Answers(BaseHTTPRequestHandler):
    server: Bucket
    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        name, asked, body = self._asked()
        if self.server.failing:
            return self._answer(403, b"<Error><Code>QuotaExceeded</Code></Error>")
        if "uploadId" in asked:
            self.server.uploads[asked["uploadId"]][int(asked["partNumber"])] = body
            self.server.parts_sent += 1
        else:
            self.server.objects[name] = body
        return self._answer(200, b"", ETag=f'"{hashlib.md5(body).hexdigest()}"')

    def do_POST(self) -> None:
        name, asked, body = self._asked()
        if "uploads" in asked:
            upload = f"upload-{len(self.server.uploads)}"
            self.server.uploads[upload] = {}
            said = f"<InitiateMultipartUploadResult><UploadId>{upload}</UploadId></InitiateMultipartUploadResult>"
            return self._answer(200, said.encode())
        if "delete" in asked:
            gone = re.findall(r"<Key>(.*?)</Key>", body.decode())
            for each in gone:
                self.server.objects.pop(each, None)
            said = "".join(f"<Deleted><Key>{escape(each)}</Key></Deleted>" for each in gone)
            return self._answer(200, f"<DeleteResult>{said}</DeleteResult>".encode())
        parts = self.server.uploads.pop(asked["uploadId"])
        self.server.objects[name] = b"".join(parts[number] for number in sorted(parts))
        said = "<CompleteMultipartUploadResult><ETag>done</ETag></CompleteMultipartUploadResult>"
        return self._answer(200, said.encode())

    def do_GET(self) -> None:
        name, asked, _body = self._asked()
        if "list-type" in asked:
            return self._answer(200, self._list(asked.get("prefix", "")).encode())
        if name not in self.server.objects:
            return self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
        return self._answer(200, self.server.objects[name], ETag='"some"', **{"Last-Modified": MOMENT})

    def do_DELETE(self) -> None:
        name, asked, _body = self._asked()
        self.server.uploads.pop(asked.get("uploadId", ""), None)
        self.server.objects.pop(name, None)
        return self._answer(204, b"")

    def _list(self, prefix: str) -> str:
        rows = "".join(
            f"<Contents><Key>{escape(name)}</Key><Size>{len(body)}</Size><LastModified>2026-11-30T00:00:00.000Z</LastModified>"
            "<ETag>some</ETag></Contents>"
            for name, body in sorted(self.server.objects.items())
            if name.startswith(prefix)
        )
        return f"<ListBucketResult><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>"

    def _asked(self) -> tuple[str, dict[str, str], bytes]:
        """Return the name of the object, the query and the body. A request that is not signed with the key raises."""
        address = urlsplit(self.path)
        assert f"Credential={KEY_ID}/" in self.headers["Authorization"]
        assert address.path.startswith(f"/{BUCKET}")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        query = {name: values[0] for name, values in parse_qs(address.query, keep_blank_values=True).items()}
        return unquote(address.path.removeprefix(f"/{BUCKET}").lstrip("/")), query, body

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


MOMENT = "Mon, 30 Nov 2026 00:00:00 GMT"


@contextmanager
def bucket() -> Iterator[Bucket]:
    with Bucket() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
