"""What an act leaves on a note or a line of history is read in the language of the reader, not of the author."""

from __future__ import annotations

import pytest
from django.utils import timezone
from django.utils.translation import override

from accounts.models import HostEvent
from matching import hosts
from matching.admin.line_words import of_host_event, of_note, of_reason
from matching.desk import by_hand, claims
from matching.models import DeskNote, MatchEvent
from privacy.models import Remark
from tests import people
from tests.people import Person

pytestmark = pytest.mark.django_db


def test_note_of_an_override_is_worded_for_its_reader(carla: Person, amira: Person, hanna: Person) -> None:
    asked = people.request(amira.arrival)
    people.space(hanna.host, beds=2)
    roomy = people.space(hanna.host, beds=6)
    with override("ka"):
        by_hand.propose(asked.pk, roomy.pk, by=carla.user, at=timezone.now(), reason="know_each_other", note="дядя")

    note = DeskNote.objects.get()
    with override("ru"):
        page = people.desk_client(carla).get(
            f"/admin/matching/match/queue/{asked.pk}/", headers={"accept-language": "ru"}
        )
        assert "они знакомы. дядя" in of_note(note)
        assert of_note(note) in page.content.decode()
    with override("en"):
        assert of_note(note).endswith("): they know each other. дядя")


def test_note_of_a_hand_over_is_worded_for_its_reader(carla: Person, amira: Person, hanna: Person) -> None:
    match = people.proposed(people.request(amira.arrival), people.space(hanna.host))
    clara = people.carla("clara")
    with override("ka"):
        claims.hand_over(match.request_id, clara.user, by=carla.user, at=timezone.now())

    with override("ru"):
        assert of_note(DeskNote.objects.get()) == "Передано: clara."


def test_note_written_before_there_were_codes_is_shown_as_it_is(carla: Person, amira: Person) -> None:
    words = "Chosen instead of what was advised (1.00 against 2.00): know_each_other."
    note = DeskNote(request=people.request(amira.arrival), by=carla.user, at=timezone.now())
    note.remark = Remark(text=words, written_at=note.at)

    with override("ru"):
        assert of_note(note) == words


@pytest.mark.parametrize(
    ("language", "stays", "words"),
    [
        ("en", 1, "approved by the rules: at most 20 km, host after 1 stay"),
        ("ru", 2, "одобрено по правилам: не дальше 20 км, у хозяина хороших проживаний от 2"),
    ],
)
def test_approval_by_the_rules_is_worded_for_its_reader(language: str, stays: int, words: str) -> None:
    event = MatchEvent(act="approve", role="coordinator", reason="auto_approval", numbers={"km": 20, "stays": stays})

    with override(language):
        assert of_reason(event) == words


def test_changes_of_a_host_are_worded_for_their_reader(carla: Person) -> None:
    hanna, at = people.hanna(vetted=False), timezone.now()
    with override("ka"):
        hosts.refuse(hanna.host.pk, by=carla.user, at=at, reason="нет ключа")
        hosts.keep_unrefused(hanna.host.pk, by=carla.user, at=at)

    merged = HostEvent(host=hanna.host, said={"code": "merged", "number": 7})
    with override("ru"):
        assert [of_host_event(event) for event in (*HostEvent.objects.all(), merged)] == [
            "просит отказать: нет ключа",
            "просьба об отказе отозвана",
            "с этой записью объединён хозяин 7",
        ]
        page = people.desk_client(carla).get(
            f"/admin/accounts/host/{hanna.host.pk}/change/", headers={"accept-language": "ru"}
        )
        assert "просит отказать: нет ключа" in page.content.decode()
