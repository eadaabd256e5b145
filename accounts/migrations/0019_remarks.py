"""Move what people typed beside lines of history into erasable rows: of hosts, of calls, of coordinators and of looks.

The words that a coordinator gave for a refusal that waits for its second person are encrypted where they stand.
"""

from __future__ import annotations

from typing import Any

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

import privacy.fields
from privacy.migrations._moving_words import InApp, give_remarks, moving, rewritten, unguarded

LINES = ("accounts_hostevent", "accounts_hostcall", "accounts_coordinatorevent", "privacy_accesslog")
OFF, ON = unguarded(*LINES)


TRIGGER = pgtrigger.compiler.Trigger(
    name="remark_is_only_erased",
    sql=pgtrigger.compiler.UpsertTriggerSql(
        func="\n                IF NEW IS NOT DISTINCT FROM OLD OR OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL AND NEW.text = ''\n                        AND NEW.id = OLD.id AND NEW.written_at = OLD.written_at THEN\n                    RETURN NEW;\n                END IF;\n                RAISE EXCEPTION 'remark % can be erased and not changed', OLD.id\n                    USING ERRCODE = 'check_violation', CONSTRAINT = 'remark_is_only_erased';\n                ",  # noqa: E501
        hash="c904f4f8a00a89b687839d106ccf56310fb374cd",
        operation="UPDATE",
        pgid="pgtrigger_remark_is_only_erased_2edf6",
        table="privacy_remark",
        when="BEFORE",
    ),
)


def remark_column() -> models.Field[Any, Any]:
    return models.OneToOneField(
        blank=True,
        null=True,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to="privacy.remark",
    )


def coordinators_out(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Move the reasons of lines about coordinators, after the words that a line held instead of codes."""
    events = apps.get_model("accounts", "CoordinatorEvent")._default_manager
    said = models.Q(was__code="said") | models.Q(became__code="said")
    give_remarks(apps, "accounts.CoordinatorEvent", _words_of_events, events.filter(said | ~models.Q(reason="")))
    for column in ("was", "became"):
        events.filter(**{f"{column}__code": "said"}).update(**{column: {"code": "said"}})


def _words_of_events(rows: Any) -> list[tuple[Any, str, Any]]:
    return [
        (pk, "\n".join([*(value["text"] for value in (was, became) if _is_said(value)), reason]).strip("\n"), at)
        for pk, was, became, reason, at in rows.values_list("pk", "was", "became", "reason", "at")
    ]


def _is_said(value: Any) -> bool:
    return isinstance(value, dict) and value.get("code") == "said"


def coordinators_back(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Move the words back: a line each for what a line held instead of codes, then the reason."""
    events = apps.get_model("accounts", "CoordinatorEvent")._default_manager
    remarks = apps.get_model("privacy", "Remark")._default_manager
    for event in events.filter(remark__isnull=False).select_related("remark").iterator(chunk_size=1_000):
        texts, gone = event.remark.text.split("\n"), event.remark_id
        for column in ("was", "became"):
            if _is_said(getattr(event, column)):
                setattr(event, column, {"code": "said", "text": texts.pop(0) if texts else ""})
        event.reason, event.remark = "\n".join(texts)[:200], None
        event.save(update_fields=["was", "became", "reason", "remark"])
        remarks.filter(pk=gone).delete()


def refusals_sealed(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Encrypt the reasons of refusals that wait; the history has the reason of each that was carried out."""
    for host in apps.get_model("accounts", "Host")._default_manager.exclude(refusal_plain="").exclude(status="refused"):
        host.refusal_reason = host.refusal_plain
        host.save(update_fields=["refusal_reason"])


def refusals_plain(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for host in apps.get_model("accounts", "Host")._default_manager.exclude(refusal_by=None):
        host.refusal_plain = host.refusal_reason[:200]
        host.save(update_fields=["refusal_plain"])


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0015_looks_have_a_budget"),
        ("privacy", "0006_looks_have_a_budget"),
    ]

    operations = [
        InApp(
            "privacy",
            migrations.CreateModel(
                "Remark",
                fields=[
                    ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                    ("text", privacy.fields.EncryptedTextField(blank=True, default="")),
                    ("written_at", models.DateTimeField()),
                    ("erased_at", models.DateTimeField(blank=True, null=True)),
                ],
                options={
                    "verbose_name": "remark",
                    "verbose_name_plural": "remarks",
                    "indexes": [
                        models.Index(
                            condition=models.Q(("erased_at", None)), fields=["written_at"], name="remark_kept"
                        )
                    ],
                },
            ),
        ),
        InApp("privacy", pgtrigger.migrations.AddTrigger("remark", TRIGGER)),
        InApp("privacy", migrations.AddField("accesslog", "remark", remark_column())),
        *(migrations.AddField(line, "remark", remark_column()) for line in ("hostevent", "hostcall", "coordinatorevent")),
        migrations.RenameField("host", "refusal_reason", "refusal_plain"),
        migrations.AddField(
            "host",
            "refusal_reason",
            privacy.fields.EncryptedTextField(
                blank=True, default="", help_text="Until the refusal is carried out or dropped."
            ),
        ),
        OFF,
        moving(
            ("accounts.HostEvent", "reason", 200), ("accounts.HostCall", "note", None), ("privacy.AccessLog", "note", None)
        ),
        migrations.RunPython(coordinators_out, coordinators_back),
        migrations.RunPython(refusals_sealed, refusals_plain),
        ON,
        migrations.RemoveField("host", "refusal_plain"),
        migrations.RemoveField("hostevent", "reason"),
        migrations.RemoveField("hostcall", "note"),
        migrations.RemoveField("coordinatorevent", "reason"),
        InApp("privacy", migrations.RemoveField("accesslog", "note")),
        rewritten(*LINES, "accounts_host"),
    ]
