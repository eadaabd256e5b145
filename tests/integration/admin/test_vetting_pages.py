"""The vetting pages over HTTP: checklist, evidence, two people for a refusal, hosts to call today."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from PIL import Image

from accounts.models import Host, HostCall, HostCheck, HostEvidence
from privacy.models import AccessLog
from tests import people
from tests.people import Person

SignIn = Callable[[Person], Client]
PLACE = "Taken at Abay Avenue 10"


def photo() -> SimpleUploadedFile:
    exif = Image.Exif()
    exif[0x010E] = PLACE
    out = BytesIO()
    Image.new("RGB", (30, 20), "blue").save(out, "JPEG", exif=exif)
    return SimpleUploadedFile("IMG_2042.jpg", out.getvalue(), content_type="image/jpeg")


def page_of(host: Host) -> str:
    return f"/admin/accounts/host/{host.pk}"


def said(page: HttpResponse) -> list[str]:
    return [str(message) for message in page.context["messages"]]


def test_check_is_put_on_record_with_its_note(carla: Person, signed_in: SignIn) -> None:
    host = people.hanna(vetted=False).host

    signed_in(carla).post(f"{page_of(host)}/check/", {"kind": "reference", "passed": "no", "note": "nobody knows her"})

    check = HostCheck.objects.get()
    assert (check.kind, check.passed, check.by, check.note) == ("reference", False, carla.user, "nobody knows her")
    with connection.cursor() as cursor:
        cursor.execute("SELECT note FROM accounts_hostcheck")
        assert "knows" not in cursor.fetchone()[0]


def test_check_without_an_outcome_keeps_what_was_typed(carla: Person, signed_in: SignIn) -> None:
    host = people.hanna(vetted=False).host

    page = signed_in(carla).post(f"{page_of(host)}/check/", {"kind": "identity_seen", "note": "seen by video"})

    assert said(page) == ["Choose what was checked, and whether it was passed."]
    assert 'value="seen by video"' in page.content.decode()
    assert not HostCheck.objects.exists()


def test_evidence_is_kept_without_metadata_and_encrypted(carla: Person, signed_in: SignIn) -> None:
    host = people.hanna(vetted=False).host

    page = signed_in(carla).post(f"{page_of(host)}/evidence/", {"kind": "home_visit", "picture": photo()}, follow=True)

    kept = HostEvidence.objects.get()
    assert (said(page), kept.kind, kept.width, kept.height) == (
        ["The picture is kept, encrypted and without its metadata."],
        "home_visit",
        30,
        20,
    )
    assert (kept.picture[:3], PLACE.encode() in kept.picture) == (b"\xff\xd8\xff", False)
    with connection.cursor() as cursor:
        cursor.execute("SELECT picture FROM accounts_hostevidence")
        assert bytes(cursor.fetchone()[0])[:2] == b"s1"


@pytest.mark.parametrize(
    ("name", "content"), [("scan.pdf", b"%PDF-1.7 ..."), ("photo.jpg", b"<script>alert(1)</script>"), ("x.jpg", b"")]
)
def test_file_that_is_no_picture_is_refused_in_words(
    name: str, content: bytes, carla: Person, signed_in: SignIn
) -> None:
    host = people.hanna(vetted=False).host
    file = SimpleUploadedFile(name, content, content_type="image/jpeg")

    page = signed_in(carla).post(f"{page_of(host)}/evidence/", {"kind": "home_visit", "picture": file})

    assert "Only pictures are stored" in said(page)[0] or said(page) == ["Choose a picture, and what it shows."]
    assert not HostEvidence.objects.exists()


def test_no_picture_of_an_identity_document_is_kept(carla: Person, signed_in: SignIn) -> None:
    """A host reads that no copy of the document is kept. Without its line in the page, SQL refuses as well."""
    host = people.hanna(vetted=False).host
    client = signed_in(carla)

    page = client.post(f"{page_of(host)}/evidence/", {"kind": "identity_seen", "picture": photo()})

    assert said(page)[0].startswith("No picture of an identity document is kept.")
    assert not HostEvidence.objects.exists()
    offered = re.search(r'enctype="multipart/form-data".*?</select>', page.content.decode(), re.S)
    assert offered is not None
    assert re.findall(r'<option value="(\w+)"', offered[0]) == [
        kind for kind in HostCheck.CheckKind.values if kind != "identity_seen"
    ]
    with pytest.raises(IntegrityError, match="host_evidence_no_document"):
        HostEvidence.objects.create(
            host=host, kind="identity_seen", picture=b"x", width=1, height=1, by=carla.user, at=timezone.now()
        )


def test_evidence_is_given_by_a_logged_click_only(carla: Person, signed_in: SignIn) -> None:
    host, client = people.hanna(vetted=False).host, signed_in(carla)
    client.post(f"{page_of(host)}/evidence/", {"kind": "home_visit", "picture": photo()})
    look = f"{page_of(host)}/evidence/{HostEvidence.objects.get().pk}/look/"

    assert client.get(look).status_code == 405
    assert client.post(look)["Content-Type"].startswith("text/html")
    assert not AccessLog.objects.exists()
    given = client.post(look, {"why": "vetting"})

    assert (given["Content-Type"], given["X-Content-Type-Options"]) == ("image/jpeg", "nosniff")
    assert given["Cache-Control"].split(", ")[0] == "no-store"
    assert given["Content-Disposition"].startswith("attachment;")
    assert Image.open(BytesIO(given.content)).size == (30, 20)
    kept = HostEvidence.objects.get().pk
    assert list(AccessLog.objects.values_list("by", "about", "fields", "reason")) == [
        (carla.user.pk, host.user_id, f"evidence:{kept}", "vetting")
    ]


def test_evidence_of_one_host_is_not_given_under_another(carla: Person, hanna: Person, signed_in: SignIn) -> None:
    host, client = people.hanna(vetted=False, contact="other@example.org").host, signed_in(carla)
    client.post(f"{page_of(host)}/evidence/", {"kind": "home_visit", "picture": photo()})
    kept = HostEvidence.objects.get().pk

    assert client.post(f"{page_of(hanna.host)}/evidence/{kept}/look/", {"why": "vetting"}).status_code == 404
    assert client.post(f"{page_of(hanna.host)}/evidence/{kept}/remove/").status_code == 404


def test_deleted_evidence_is_gone_and_its_line_stays(carla: Person, signed_in: SignIn) -> None:
    host, client = people.hanna(vetted=False).host, signed_in(carla)
    client.post(f"{page_of(host)}/evidence/", {"kind": "home_visit", "picture": photo()})
    kept = HostEvidence.objects.get().pk

    page = client.post(f"{page_of(host)}/evidence/{kept}/remove/", follow=True)

    row = HostEvidence.objects.get()
    assert (row.picture, row.removed_by) == (b"", carla.user)
    assert "deleted on" in page.content.decode()
    assert client.post(f"{page_of(host)}/evidence/{kept}/look/", {"why": "vetting"}).status_code == 404


def test_refusal_in_the_admin_takes_two(carla: Person, signed_in: SignIn) -> None:
    host = people.hanna(vetted=False).host
    first, second = signed_in(carla), signed_in(people.carla("second"))
    refuse = f"{page_of(host)}/standing/refused/"

    assert said(first.post(refuse, {"reason": " "}, follow=True)) == ["Write down the reason."]
    assert said(first.post(refuse, {"reason": "no key"}, follow=True)) == [
        "Noted. Another coordinator has to refuse as well; until then the host stays as they are."
    ]
    assert said(first.post(refuse, {"reason": "no key"}, follow=True)) == [
        "You have asked for this refusal already: another coordinator must refuse too."
    ]
    assert Host.objects.get().status == "unvetted"
    assert "asked for by carla" in second.get("/admin/accounts/host/call/").content.decode()
    assert said(second.post(refuse, follow=True)) == ["The host is refused."]

    assert Host.objects.get().status == "refused"


def test_refusal_is_taken_back_in_the_admin(carla: Person, signed_in: SignIn) -> None:
    host, client = people.hanna(vetted=False).host, signed_in(carla)
    client.post(f"{page_of(host)}/standing/refused/", {"reason": "no key"}, follow=True)

    page = client.post(f"{page_of(host)}/standing/kept/", follow=True)

    assert (said(page), Host.objects.get().refusal_by) == (["The refusal is off."], None)


@pytest.mark.parametrize("move", ["unvetted", "merged", "nonsense"])
def test_moves_that_are_not_possible_have_no_address(
    move: str, carla: Person, hanna: Person, signed_in: SignIn
) -> None:
    assert signed_in(carla).post(f"{page_of(hanna.host)}/standing/{move}/", {"reason": "x"}).status_code == 404


def test_call_is_noted_and_leaves_the_list(carla: Person, signed_in: SignIn) -> None:
    host, client = people.hanna(vetted=False).host, signed_in(carla)
    assert str(host) in client.get("/admin/accounts/host/call/").content.decode()

    page = client.post(
        f"{page_of(host)}/called/", {"outcome": "no_answer", "next": "/admin/accounts/host/call/"}, follow=True
    )

    assert said(page) == ["The call is noted; the host is off today's list."]
    assert [line["call"].host for line in page.context["lines"]] == []
    assert HostCall.objects.values_list("host", "outcome", "by").get() == (host.pk, "no_answer", carla.user.pk)


def test_call_without_an_outcome_is_not_noted(carla: Person, signed_in: SignIn) -> None:
    host = people.hanna(vetted=False).host

    page = signed_in(carla).post(f"{page_of(host)}/called/", {"outcome": ""}, follow=True)

    assert (said(page), HostCall.objects.exists()) == (["Choose what came of the call."], False)


def test_name_and_phone_of_a_host_open_by_a_logged_click_only(carla: Person, hanna: Person, signed_in: SignIn) -> None:
    client = signed_in(carla)

    assert "Hanna Musterfrau" not in client.get(f"{page_of(hanna.host)}/change/").content.decode()
    assert "Hanna Musterfrau" not in client.post(f"{page_of(hanna.host)}/open/", {"field": "name"}).content.decode()
    opened = client.post(f"{page_of(hanna.host)}/open/", {"why": "call", "field": ["name", "contact"]}).content.decode()

    assert ("Hanna Musterfrau" in opened, "hanna@example.org" in opened) == (True, True)
    assert AccessLog.objects.values_list("about", "fields", "reason").get() == (
        hanna.user.pk,
        "name contact",
        "call",
    )


def test_auditor_sees_the_checklist_and_no_notes(carla: Person, adil: Person, hanna: Person, signed_in: SignIn) -> None:
    client = signed_in(carla)
    client.post(f"{page_of(hanna.host)}/check/", {"kind": "reference", "passed": "yes", "note": "her sister says"})
    client.post(f"{page_of(hanna.host)}/called/", {"outcome": "reached", "note": "her dog barks"})
    client.post(f"{page_of(hanna.host)}/evidence/", {"kind": "home_visit", "picture": photo()})

    page = signed_in(adil).get(f"{page_of(hanna.host)}/change/").content.decode()

    words = ("identity seen", "her sister says", "her dog barks", "Download the picture", "Suspend")
    assert [word in page for word in words] == [True, False, False, False, False]
