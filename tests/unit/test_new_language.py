"""The recipe for a new language in docs/translating.md, followed to the letter in a copy of the project, for Uzbek."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from django.conf import settings

from shelter import translations

CODE, NAME = "uz", "Oʻzbekcha"
SOURCES = (*(path.name for path in translations.own_apps()), "reading", "templates", "locale", "static", "manage.py")

FIRST_PAGE = """
import django
django.setup()
from django.test import Client
print(Client(headers={"accept-language": "uz"}).get("/").content.decode())
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a copy of the project without compiled files."""
    for name in SOURCES:
        source = Path(settings.BASE_DIR, name)
        if source.is_dir():
            shutil.copytree(source, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "*.mo"))
        else:
            shutil.copy(source, tmp_path / name)
    return tmp_path


def run(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DEBUG": "yes", "DJANGO_SETTINGS_MODULE": "shelter.settings", "PYTHONPATH": str(copy)}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=copy,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def translations_command(copy: Path, what: str) -> subprocess.CompletedProcess[str]:
    return run(copy, "manage.py", "translations", what)


def fill_in(path: Path) -> Catalog:
    """Translate every string mechanically, by putting the language's code before the English."""
    catalog = translations._read(path, CODE)
    for message in translations._messages(catalog):
        said = tuple(f"{CODE} {words}" for words in translations._said(message))
        message.string = said[0] if isinstance(message.id, str) else (said[-1],) * catalog.num_plurals
    translations._write(path, catalog, CODE)
    return catalog


def test_recipe_for_a_new_language_works_to_the_letter(copy: Path) -> None:
    recipe = Path(settings.BASE_DIR, "docs", "translating.md").read_text(encoding="utf-8")
    steps = recipe.partition("## A new language")[2].partition("\n## ")[0]
    own = copy / "locale" / CODE / "LC_MESSAGES" / "django.po"
    library = copy / "locale" / "libraries" / CODE / "LC_MESSAGES" / "django.po"

    # Steps 1 and 2: the settings, and the texts of messages.
    assert ("`shelter/settings.py`" in steps, "`notifications/texts/en.py`" in steps) == (True, True)
    file = copy / "shelter" / "settings.py"
    text = file.read_text(encoding="utf-8")
    file.write_text(
        re.sub(r"^LANGUAGES = \[", f'LANGUAGES = [("{CODE}", "{NAME}"), ', text, flags=re.M), encoding="utf-8"
    )
    words = (copy / "notifications" / "texts" / "en.py").read_text(encoding="utf-8")
    (copy / "notifications" / "texts" / f"{CODE}.py").write_text(
        words.replace('LANGUAGE = "en"', f'LANGUAGE = "{CODE}"'), encoding="utf-8"
    )
    # Step 3: the catalogs.
    gathered = translations_command(copy, "gather")
    assert (gathered.returncode, gathered.stderr) == (0, "")
    assert (own.exists(), library.exists()) == (True, True)
    unfinished = translations_command(copy, "check")
    assert f"locale/{CODE}/LC_MESSAGES/django.po: not translated" in unfinished.stderr
    # Step 4: filled in, the catalogs pass the check and compile.
    assert len(translations._messages(fill_in(own))) > 1000
    fill_in(library)
    assert translations_command(copy, "check").stderr == ""
    assert translations_command(copy, "compile").returncode == 0
    # The first page is in the new language, and offers it under its own name.
    page = run(copy, "-c", FIRST_PAGE)
    assert page.returncode == 0, page.stderr
    assert f'<html lang="{CODE}"' in page.stdout
    assert f"{CODE} Leave quickly" in page.stdout
    assert NAME in page.stdout
