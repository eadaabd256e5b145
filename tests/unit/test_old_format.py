"""The ciphertext of the time before each column had a key is opened where rows are read, and nowhere else.

`tests/integration/test_keys.py` shows that it opens until every row is sealed anew and then no more, and
`tests/integration/test_nothing_is_opened.py` that no door opens it.
"""

from __future__ import annotations

import ast

import pytest

from tests.unit.documents import APPS, ROOT

OPENERS = {"open_old", "old_opened"}


def opens_old(source: str) -> set[str]:
    """Return which functions that open the old format this source uses, by any name of the module or by import."""
    return {
        name
        for node in ast.walk(ast.parse(source))
        for name in (
            [node.attr]
            if isinstance(node, ast.Attribute)
            else [each.name for each in node.names]
            if isinstance(node, ast.ImportFrom)
            else []
        )
        if name in OPENERS
    }


def fernet_in(source: str) -> bool:
    """Return whether this source imports Fernet, the cipher of the old format."""
    return any(
        isinstance(node, ast.ImportFrom) and node.module == "cryptography.fernet"
        for node in ast.walk(ast.parse(source))
    )


def sources() -> dict[str, str]:
    return {
        str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
        for app in APPS
        for path in (ROOT / app).rglob("*.py")
    }


def test_only_columns_sessions_and_the_change_of_keys_open_the_old_format() -> None:
    assert {path: found for path, source in sources().items() if (found := opens_old(source))} == {
        "privacy/fields.py": {"open_old"},  # from_db_value: what a column of the database holds.
        "privacy/sessions.py": {"open_old"},  # The row of a session, of which a browser has the key only.
        "privacy/rotation.py": {"old_opened"},
    }


def test_only_the_old_format_and_seals_use_its_cipher() -> None:
    """A seal that travels through a browser has keys of its own, so it opens no value of a column."""
    assert {path for path, source in sources().items() if fernet_in(source)} == {
        "privacy/ciphertext.py",
        "privacy/seals.py",
    }


@pytest.mark.parametrize(
    "source", ["ciphertext.open_old(request.POST['to'], connection)", "from privacy.ciphertext import old_opened"]
)
def test_a_door_that_opens_the_old_format_is_found(source: str) -> None:
    assert opens_old(source) <= OPENERS
    assert opens_old(source)
