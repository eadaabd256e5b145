"""The catalogs of translations: gather the strings, check that none is missing, compile.

There are two sets of catalogs. Django reads both before those of the libraries:

- `locale/LANGUAGE/LC_MESSAGES/django.po` holds the strings of our own code and templates;
- `locale/libraries/LANGUAGE/LC_MESSAGES/django.po` holds the strings of Django, its admin and Django REST framework
  that their own catalogs leave untranslated or have wrong (Kazakh most of all).

English is the language of the source and needs no catalog. Babel reads and writes the files, so nobody needs the
programs of GNU gettext.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po
from babel.plural import to_gettext
from django.apps import apps
from django.conf import settings
from django.utils.translation.template import templatize

KEYWORDS = {
    **DEFAULT_KEYWORDS,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
    # Sentences about a sheet, which the doors put into the reader's language (matching.sheets.sentences).
    "template": None,
}
"""The calls whose first argument, or the argument named by number, is a string to translate."""

LIBRARIES = ("django/conf", "django/contrib/admin", "django/contrib/auth", "rest_framework")
"""Where the libraries keep their catalogs, as package/folder."""

PLACEHOLDER = re.compile(r"%\(\w+\)[rsdf]|%[sd]|\{\w*(?::\w+)?\}|</?\w+[^>]*>")
"""What a translation must keep as it is: placeholders that Python fills in, and HTML."""

ONE_AND_MORE = "nplurals=2; plural=(n != 1);"
"""The commonest rule, as every program of gettext writes it."""

SLAVIC = "nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2);"

CORRECTED_PLURALS = {"ru": SLAVIC, "uk": SLAVIC}
"""Plural forms of the languages for which Unicode CLDR has a form that whole numbers never take; we count only those."""


_MONTHS = [
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
]
_WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]

_HOW_TO_SIGN_IN = (
    "Whether the user will be able to authenticate using a password or not. If disabled, they may still be able to "
    "authenticate using other backends, such as Single Sign-On or LDAP."
)

CORRECTED_EVERYWHERE = {("", "English")}
"""Each language stands in the choice of languages by its own name, for readers of no other; Django translates "English"."""

CORRECTED = {
    "kk": {("alt. month", each) for each in _MONTHS}
    | {("", each) for each in _WEEKDAYS}
    | {("", "0 of %(cnt)s selected")},
    "ru": {("", _HOW_TO_SIGN_IN)},
}
"""Strings of the libraries, as (context, msgid), that they translate and we translate again, by language.

Kazakh: Django writes the months with a capital inside a sentence and shortens the days of the week to ones nobody uses
(Unicode CLDR has the right ones); one sentence begins in English. Russian: Django leaves English words in the sentence,
one of them misspelt.
"""


def languages() -> list[str]:
    """Return the languages that need a catalog."""
    return [code for code, _name in settings.LANGUAGES if code != "en"]


def plural_forms(language: str) -> str:
    """Return the header of a catalog that says which plural forms `language` has (Unicode CLDR, by Babel).

    Raises LookupError for a language whose rule needs a line in CORRECTED_PLURALS first.
    """
    if language in CORRECTED_PLURALS:
        return CORRECTED_PLURALS[language]
    rule = Locale.parse(language).plural_form
    forms = {rule(number) for number in range(1000)}
    if forms != {*rule.tags, "other"}:
        raise LookupError(f"Write the plural forms of {language} for whole numbers into CORRECTED_PLURALS.")
    if rule.tags == {"one"} and [number for number in range(1000) if rule(number) == "one"] == [1]:
        return ONE_AND_MORE
    return f"{to_gettext(rule)};"


def own_file(language: str) -> Path:
    return Path(settings.BASE_DIR, "locale", language, "LC_MESSAGES", "django.po")


def library_file(language: str) -> Path:
    return Path(settings.BASE_DIR, "locale", "libraries", language) / "LC_MESSAGES" / "django.po"


# -- which strings there are ----------------------------------------------------------------------


def own_strings() -> Catalog:
    """Return every string that our code and templates mark for translation, with the files it stands in."""
    root = Path(settings.BASE_DIR)
    found = Catalog(charset="utf-8")
    for path in _sources(root):
        text = path.read_text(encoding="utf-8")
        if path.suffix != ".py":
            # Python reads a line's indentation as code; a template's means nothing.
            text = "\n".join(line.lstrip() for line in templatize(text, origin=str(path)).split("\n"))
        lines = extract("python", BytesIO(text.encode()), keywords=KEYWORDS, comment_tags=("Translators:",))
        for line, message, comments, context in lines:
            found.add(message, locations=[(str(path.relative_to(root)), line)], auto_comments=comments, context=context)
    return found


def own_apps() -> list[Path]:
    """Return the folders of the project's own apps: of all installed ones those that stand beside `manage.py`."""
    found = (Path(config.path) for config in apps.get_app_configs())
    return sorted(path for path in found if path.parent == Path(settings.BASE_DIR))


def _sources(root: Path) -> Iterator[Path]:
    for folder in own_apps():
        yield from sorted(path for path in folder.rglob("*.py") if "migrations" not in path.parts)
    for kind in ("*.html", "*.txt", "*.svg"):
        yield from sorted((root / "templates").rglob(kind))


def library_strings(language: str) -> Catalog:
    """Return the strings of the libraries that their own catalogs of `language` leave untranslated, or have wrong."""
    missing = Catalog(charset="utf-8")
    for place in LIBRARIES:
        package, _, rest = place.partition("/")
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            continue
        folder = Path(spec.origin).parent / rest / "locale"
        source = next((folder / code for code in ("en", "en_US") if (folder / code).is_dir()), None)
        if source is None:
            continue
        translated = _read_library(folder / language)
        for message in _messages(_read_library(source)):
            known = translated.get(message.id, message.context)
            corrected = (message.context or "", message.id) in CORRECTED_EVERYWHERE | CORRECTED.get(language, set())
            if known is None or known.fuzzy or not _is_whole(known) or corrected:
                missing.add(message.id, locations=[(place, 0)], context=message.context, flags=message.flags)
    return missing


# -- gathering, checking, compiling -----------------------------------------------------------------


def gather() -> list[Path]:
    """Bring every catalog up to date with the source and return the files: a new string is empty, an old one is taken out."""
    written = []
    for language in languages():
        for path, template in (
            (own_file(language), own_strings()),
            (library_file(language), library_strings(language)),
        ):
            catalog = _read(path, language)
            catalog.update(template, no_fuzzy_matching=True)
            catalog.obsolete.clear()
            _write(path, catalog, language)
            written.append(path)
    return written


def problems() -> list[str]:
    """Return a sentence for each string that is missing, left over, fuzzy or wrong in a catalog; [] when all are complete."""
    found: list[str] = []
    own = own_strings()
    for language in languages():
        for path, template in ((own_file(language), own), (library_file(language), library_strings(language))):
            name = path.relative_to(settings.BASE_DIR)
            found += [f"{name}: {words}" for words in _amiss(_read(path, language), template)]
    return found


def _amiss(catalog: Catalog, template: Catalog) -> Iterator[str]:
    wanted = {(message.id, message.context) for message in _messages(template)}
    present = {(message.id, message.context) for message in _messages(catalog)}
    for key in sorted(wanted - present, key=str):
        yield f"missing: {key[0]!r} (run make translations)"
    for key in sorted(present - wanted, key=str):
        yield f"no longer said anywhere: {key[0]!r} (run make translations)"
    for message in _messages(catalog):
        if message.fuzzy:
            yield f"fuzzy: {message.id!r}"
        elif not _is_whole(message) or len(_translated(message)) != _forms(catalog, message):
            yield f"not translated: {message.id!r}"
        elif any(_placeholders(words) != _placeholders(_said(message)[-1]) for words in _translated(message)):
            yield f"{message.id!r}: the translation has other placeholders"


def compile_all() -> int:
    """Write the compiled catalog beside each source; return how many."""
    paths = [each for language in languages() for each in (own_file(language), library_file(language))]
    paths = [path for path in paths if path.exists()]
    for path in paths:
        with path.with_suffix(".mo").open("wb") as out:
            write_mo(out, _read(path, path.parent.parent.name))
    return len(paths)


# -- files ----------------------------------------------------------------------------------------


def _read(path: Path, language: str | None) -> Catalog:
    """Return the catalog in `path`; an empty one where there is no such file."""
    if not path.exists():
        made = Catalog(locale=language, charset="utf-8")
        if language is not None:  # The table of Babel's catalogs is older than CLDR: it has one form for Georgian.
            made.mime_headers = [("Plural-Forms", plural_forms(language))]
        return made
    with path.open("rb") as source:
        return read_po(source, locale=language)


def _read_library(folder: Path) -> Catalog:
    """Return a library's catalog; some are shipped only compiled."""
    compiled = folder / "LC_MESSAGES" / "django.mo"
    if not compiled.with_suffix(".po").exists() and compiled.exists():
        with compiled.open("rb") as source:
            return read_mo(source)
    return _read(compiled.with_suffix(".po"), None)


def _write(path: Path, catalog: Catalog, language: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = BytesIO()
    write_po(text, catalog, width=110, sort_output=True, include_lineno=False, omit_header=True)
    header = (
        'msgid ""\nmsgstr ""\n'
        f'"Language: {language}\\n"\n"Content-Type: text/plain; charset=UTF-8\\n"\n'
        f'"Plural-Forms: {plural_forms(language)}\\n"\n\n'
    )
    path.write_text(header + text.getvalue().decode(), encoding="utf-8")


def _messages(catalog: Iterable[Message]) -> list[Message]:
    return [message for message in catalog if message.id]


def _said(message: Message) -> tuple[str, ...]:
    return (message.id,) if isinstance(message.id, str) else tuple(message.id)


def _translated(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def _forms(catalog: Catalog, message: Message) -> int:
    """Return how many forms the language of `catalog` has for this string."""
    return 1 if isinstance(message.id, str) else catalog.num_plurals


def _is_whole(message: Message) -> bool:
    words = _translated(message)
    return bool(words) and all(words)


def _placeholders(words: str) -> set[str]:
    return set(PLACEHOLDER.findall(words))
