"""The form of the deployment's settings, as a browser would send it back unchanged."""

from __future__ import annotations

from typing import Any

from deployment import rules
from matching.admin.deployment import SettingsForm


def settings_as_they_are(**changes: Any) -> dict[str, Any]:
    """Return what the page's form sends, with only `changes` different."""
    form = SettingsForm(now=rules.current(), seen=rules.latest_change())
    sent = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    sent["reason"] = "a busy week"
    return {name: value for name, value in (sent | changes).items() if value is not None and value is not False}
