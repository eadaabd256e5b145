"""Turn the stored words of rights, and of what an import says about a host, into codes with values."""

from __future__ import annotations

from typing import Any

from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.utils.translation import gettext, override

ROLES = ("coordinator", "lead", "auditor")
EVERYWHERE = "all places"
SAID = {
    "vouched": "From an imported sheet, on the coordinator's word.",
    "import_undone": "The import that vouched for this host was undone.",
}
"""The sentences of the version before, in English; a row may hold them in any language of the service."""


def rights(words: str) -> dict[str, Any] | None:
    """Return the value of rights stored as `role: places`; `said` with the text for any other text, None for none."""
    role, _colon, where = words.partition(": ")
    if role in ROLES:
        everywhere = where == EVERYWHERE
        places = [] if everywhere else [place for place in where.split(", ") if place]
        return {"role": role, "all_places": everywhere, "places": places}
    return {"code": "said", "text": words} if words else None


def in_words(value: dict[str, Any] | None) -> str:
    """Return the words that the version before stored for rights."""
    match value:
        case {"role": role, "all_places": everywhere, "places": places}:
            return f"{role}: {EVERYWHERE if everywhere else ', '.join(places)}"[:500]
        case {"text": text}:
            return str(text)[:500]
    return ""


def _sentences() -> dict[str, str]:
    """Return the code of each stored sentence, in every language."""
    found = {}
    for language in dict.fromkeys(("en", *(code for code, _name in settings.LANGUAGES))):
        with override(language):
            found |= {gettext(words)[:200]: code for code, words in SAID.items()}
    return found


def to_codes(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Turn words into codes."""
    sentences = _sentences()
    for event in apps.get_model("accounts", "CoordinatorEvent").objects.exclude(was_words="", became_words="").iterator():
        event.was, event.became = rights(event.was_words), rights(event.became_words)
        event.save(update_fields=["was", "became"])
    for event in apps.get_model("accounts", "HostEvent").objects.filter(reason__in=list(sentences)).iterator():
        event.said, event.reason = {"code": sentences[event.reason]}, ""
        event.save(update_fields=["said", "reason"])
    for check in apps.get_model("accounts", "HostCheck").objects.only("note").iterator():
        if code := sentences.get(check.note):
            check.said, check.note = {"code": code}, ""
            check.save(update_fields=["said", "note"])


def to_words(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Turn codes into the words that the version before showed, in English."""
    for event in apps.get_model("accounts", "CoordinatorEvent").objects.exclude(was=None, became=None).iterator():
        event.was_words, event.became_words = in_words(event.was), in_words(event.became)
        event.save(update_fields=["was_words", "became_words"])
    for event in apps.get_model("accounts", "HostEvent").objects.filter(said__code="import_undone").iterator():
        event.said, event.reason = None, SAID["import_undone"]
        event.save(update_fields=["said", "reason"])
    for check in apps.get_model("accounts", "HostCheck").objects.exclude(said=None).iterator():
        check.note = " ".join(filter(None, [SAID[check.said["code"]], check.note]))
        check.save(update_fields=["note"])


def _unguarded(*, on: bool) -> migrations.RunSQL:
    """Let this migration change lines of history, which triggers refuse to everybody else."""
    off = "".join(f"ALTER TABLE accounts_{table} DISABLE TRIGGER USER;" for table in ("coordinatorevent", "hostevent"))
    back = off.replace("DISABLE", "ENABLE")
    return migrations.RunSQL(off, back) if on else migrations.RunSQL(back, off)


SETTLE = "SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED"
"""Check the foreign keys of the rows written so far: PostgreSQL alters no table while such checks are pending."""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0008_sessions_that_end")]

    operations = [
        migrations.AddField("hostcheck", "said", models.JSONField(blank=True, null=True)),
        migrations.RenameField("coordinatorevent", "was", "was_words"),
        migrations.RenameField("coordinatorevent", "became", "became_words"),
        migrations.AddField("coordinatorevent", "was", models.JSONField("before", blank=True, null=True)),
        migrations.AddField("coordinatorevent", "became", models.JSONField("after", blank=True, null=True)),
        _unguarded(on=True),
        migrations.RunSQL(SETTLE, SETTLE),
        migrations.RunPython(to_codes, to_words),
        migrations.RunSQL(SETTLE, SETTLE),
        _unguarded(on=False),
        migrations.RemoveField("coordinatorevent", "was_words"),
        migrations.RemoveField("coordinatorevent", "became_words"),
    ]
