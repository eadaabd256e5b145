"""Secrets of cases: a keyed hash under a key outside the database, old hashes until the next sign-in, equal work for all."""

from __future__ import annotations

import base64
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher, make_password
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import arrivals, case_secrets, signing_in
from accounts.case_secrets import CaseSecretHasher
from accounts.models import User
from accounts.signing_in import WrongSecret, sign_in_to_case
from privacy import keys, rotation
from tests import people
from tests.people import Person

pytestmark = pytest.mark.django_db

NEW_KEY = base64.urlsafe_b64encode(b"n" * 32).decode()


def stored(person: Person) -> str:
    return User.objects.get(pk=person.user.pk).password


def enter(person: Person, secret: str | None = None) -> User:
    return sign_in_to_case(person.user.username, secret or person.secret, source="192.0.2.1", at=timezone.now())


def make_slow(person: Person) -> None:
    """Store the secret as versions before this one did."""
    User.objects.keep_secret_as(User.objects.get(pk=person.user.pk), make_password(person.secret))


# -- the hash -----------------------------------------------------------------------------------------


def test_secret_is_a_hash_under_the_newest_key_and_opens_the_case(amira: Person) -> None:
    algorithm, key_id, salt, digest = stored(amira).split("$")

    assert (algorithm, key_id, len(salt), len(digest)) == ("case_hmac_sha256", keys.newest_id(), 22, 64)
    assert enter(amira) == amira.user
    with pytest.raises(WrongSecret):
        enter(amira, "000000000000")


def test_without_the_master_key_no_secret_fits(amira: Person, settings: Any) -> None:
    """What a stolen dump gives: the right secret is not told apart from any other."""
    user = User.objects.get(pk=amira.user.pk)
    assert case_secrets.fits(user, amira.secret)
    settings.FIELD_KEYS = [NEW_KEY]

    assert not case_secrets.fits(user, amira.secret)


def test_equal_secrets_have_different_hashes() -> None:
    assert case_secrets.hash_of("123456789012") != case_secrets.hash_of("123456789012")


def test_case_without_a_secret_opens_to_nobody() -> None:
    arrival = arrivals.open_case_for(language="en")

    for secret in ("", "nobody", "None", "123456789012"):
        assert not case_secrets.fits(arrival.user, secret)


def test_slow_hash_is_checked_until_the_next_sign_in_which_ends_nothing(amira: Person) -> None:
    make_slow(amira)
    client = Client()
    assert client.post("/case/", {"case_number": amira.user.username, "secret": amira.secret}).status_code == 302
    other = Client()
    make_slow(amira)
    before = User.objects.get(pk=amira.user.pk).sign_in_version

    assert other.post("/case/", {"case_number": amira.user.username, "secret": amira.secret}).status_code == 302

    assert stored(amira).startswith(f"case_hmac_sha256${keys.newest_id()}$")
    assert User.objects.get(pk=amira.user.pk).sign_in_version == before
    assert [
        amira.user.username in each.get("/case/").content.decode().replace(" ", "") for each in (client, other)
    ] == [
        True,
        True,
    ]
    assert enter(amira) == amira.user


def test_wrong_secret_changes_no_slow_hash(amira: Person) -> None:
    make_slow(amira)
    before = stored(amira)

    with pytest.raises(WrongSecret):
        enter(amira, "000000000000")
    assert stored(amira) == before


def test_new_master_key_works_beside_the_old_and_takes_over_at_the_next_sign_in(amira: Person, settings: Any) -> None:
    old = settings.FIELD_KEYS[0]
    settings.FIELD_KEYS = [NEW_KEY, old]
    assert rotation.held_by_key()[keys.id_of(old)]["case secrets"] == 1

    assert enter(amira) == amira.user

    assert stored(amira).split("$")[1] == keys.id_of(NEW_KEY)
    assert rotation.held_by_key()[keys.id_of(NEW_KEY)]["case secrets"] == 1
    rotation.seal_anew(now=timezone.now)
    assert keys.id_of(old) not in rotation.held_by_key()
    settings.FIELD_KEYS = [NEW_KEY]
    assert enter(amira) == amira.user


def test_new_secret_of_a_case_is_keyed_and_ends_the_old_one(amira: Person) -> None:
    secret = arrivals.renew_secret(amira.arrival)

    assert stored(amira).startswith("case_hmac_sha256$")
    assert enter(amira, secret) == amira.user
    with pytest.raises(WrongSecret):
        enter(amira)


def test_secret_of_a_case_is_no_password(amira: Person) -> None:
    """Django would store the secret as the slow hash of a password, wherever it asks for one."""
    before = stored(amira)

    assert not User.objects.get(pk=amira.user.pk).check_password(amira.secret)
    assert stored(amira) == before


# -- equal work -----------------------------------------------------------------------------------------


@contextmanager
def work_counted(monkeypatch: pytest.MonkeyPatch, done: Counter[str]) -> Iterator[None]:
    """Count hashes by their kind, and queries by their text without values."""

    def counting(hasher: type[Any], name: str) -> Any:
        works = getattr(hasher, name)

        def counted(self: Any, *args: Any) -> Any:
            done[f"{hasher.__name__}.{name}"] += 1
            return works(self, *args)

        return counted

    with monkeypatch.context() as patch, CaptureQueriesContext(connection) as queries:
        for hasher in (CaseSecretHasher, Argon2PasswordHasher):
            for name in ("encode", "verify"):
                patch.setattr(hasher, name, counting(hasher, name))
        yield
    for query in queries:
        done[re.sub(r"'[^']*'|s\d+_x\d+|\b\d+\b", "?", query["sql"])] += 1


@pytest.mark.parametrize("slow_hashes_left", [False, True])
def test_wrong_secrets_of_known_and_unknown_cases_cost_the_same_work(
    slow_hashes_left: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over many interleaved tries, each kind of case does the same hashes and the same queries at each of its tries."""
    known = [people.amira() for _ in range(4)]
    slow = [people.amira() for _ in range(4)]
    if slow_hashes_left:
        for person in slow:
            make_slow(person)
    without = [arrivals.open_case_for(language="en").user.username for _ in range(4)]
    numbers = {
        "keyed": [person.user.username for person in known],
        "slow": [person.user.username for person in slow] if slow_hashes_left else [],
        "without a secret": without,
        "unknown": [f"9999000{digit}" for digit in range(4)],
    }
    with pytest.raises(WrongSecret):  # The first try of a process at no case makes the hashes of nobody.
        sign_in_to_case("99990009", "000000000000", source="192.0.2.99", at=timezone.now())
    tries = [(kind, number) for kind, each in numbers.items() for number in each] * 3
    random.Random(7).shuffle(tries)

    work = defaultdict(list)
    for turn, (kind, number) in enumerate(tries):
        done: Counter[str] = Counter()
        with work_counted(monkeypatch, done), pytest.raises(WrongSecret):
            sign_in_to_case(number, "000000000000", source=f"192.0.2.{turn}", at=timezone.now())
        work[kind].append(done)

    each_time = work["unknown"][0]
    assert {kind: [done for done in all_done if done != each_time] for kind, all_done in work.items()} == {
        kind: [] for kind, each in numbers.items() if each
    }
    assert each_time["CaseSecretHasher.verify"] == 1
    assert each_time["Argon2PasswordHasher.verify"] == int(slow_hashes_left)


def test_shortcut_for_unknown_cases_is_found(monkeypatch: pytest.MonkeyPatch, amira: Person) -> None:
    """The negative control: a door that answers at once where there is no case does other work."""
    fits = case_secrets.fits
    monkeypatch.setattr(signing_in.case_secrets, "fits", lambda user, secret: user is not None and fits(user, secret))
    work = []
    for number in (amira.user.username, "99990000"):
        done: Counter[str] = Counter()
        with work_counted(monkeypatch, done), pytest.raises(WrongSecret):
            sign_in_to_case(number, "000000000000", source="192.0.2.1", at=timezone.now())
        work.append(done)

    assert work[0] != work[1]
