"""The console channel, which `make run` uses."""

from __future__ import annotations

import pytest

from accounts.models import User
from notifications.delivering import deliver_due
from notifications.outbox import tell
from tests.integration.notifications.conftest import NOON


def test_deliver_prints_a_code_where_a_developer_reads_it(hanna: User, capsys: pytest.CaptureFixture[str]) -> None:
    tell(hanna, "sign_in_code", at=NOON, key="code:1", secret="482177")

    deliver_due(now=lambda: NOON, jitter=lambda: 0.0)

    assert capsys.readouterr().out == (
        "\n--- email to hanna@example.org\nYour code\n\n"
        "482177 is your code. It works for 10 minutes, and once. Tell it to nobody: we never ask for it. "
        "If you did not ask for a code, there is nothing to do.\n---\n"
    )
