"""The catalogs: the meaning of complete, and compiled catalogs that agree with their sources."""

from __future__ import annotations

import re
from gettext import c2py  # type: ignore[attr-defined]
from pathlib import Path

import pytest
from babel import Locale
from babel.messages.catalog import Catalog
from django.conf import settings
from django.utils.translation import override
from django.utils.translation.trans_real import translation

from shelter import translations


def template() -> Catalog:
    """Return two strings to translate, one of them with plural forms."""
    found = Catalog()
    found.add("Continue")
    found.add(("%(count)s night", "%(count)s nights"), flags=("python-format",))
    return found


def russian() -> Catalog:
    made = Catalog(locale="ru")
    made.add("Continue", "Дальше")
    made.add(
        ("%(count)s night", "%(count)s nights"),
        ("%(count)s ночь", "%(count)s ночи", "%(count)s ночей"),
        flags=("python-format",),
    )
    return made


def test_complete_catalog_has_no_problem() -> None:
    assert list(translations._amiss(russian(), template())) == []


def test_missing_string_is_named() -> None:
    catalog = russian()
    del catalog["Continue"]

    assert list(translations._amiss(catalog, template())) == ["missing: 'Continue' (run make translations)"]


def test_string_that_is_no_longer_used_is_named() -> None:
    catalog = russian()
    catalog.add("Go on", "Дальше")

    assert list(translations._amiss(catalog, template())) == [
        "no longer said anywhere: 'Go on' (run make translations)"
    ]


def test_fuzzy_and_empty_strings_are_named() -> None:
    fuzzy, empty, half = russian(), russian(), russian()
    fuzzy["Continue"].flags.add("fuzzy")
    empty["Continue"].string = ""
    half["%(count)s night"].string = ("%(count)s ночь", "", "")

    assert [list(translations._amiss(each, template())) for each in (fuzzy, empty, half)] == [
        ["fuzzy: 'Continue'"],
        ["not translated: 'Continue'"],
        ["not translated: ('%(count)s night', '%(count)s nights')"],
    ]


def test_missing_plural_form_is_named() -> None:
    catalog = russian()
    catalog["%(count)s night"].string = ("%(count)s ночь", "%(count)s ночи")

    assert list(translations._amiss(catalog, template())) == ["not translated: ('%(count)s night', '%(count)s nights')"]


def test_html_that_got_lost_is_named() -> None:
    source, catalog = template(), russian()
    source.add("Press <strong>once</strong>.")
    catalog.add("Press <strong>once</strong>.", "Нажмите <b>один раз</b>.")

    assert list(translations._amiss(catalog, source)) == [
        "'Press <strong>once</strong>.': the translation has other placeholders"
    ]


@pytest.mark.parametrize("language", translations.languages())
def test_new_catalog_has_the_plural_forms_of_its_language(language: str) -> None:
    forms = translations._read(translations.own_file(language).with_name("not there.po"), language).num_plurals

    assert forms == translations._read(translations.own_file(language), language).num_plurals


def test_placeholder_that_got_lost_is_named() -> None:
    catalog = russian()
    catalog["%(count)s night"].string = ("%(count)s ночь", "ночи", "%(count)s ночей")

    assert list(translations._amiss(catalog, template())) == [
        "('%(count)s night', '%(count)s nights'): the translation has other placeholders"
    ]


def test_strings_are_gathered_from_code_and_templates() -> None:
    found = {message.id for message in translations.own_strings() if message.id}

    assert {"There is no room left in this space on these nights. Choose another space or other nights."} <= found
    assert any(
        place.startswith("templates/") for message in translations.own_strings() for place, _ in message.locations
    )


def test_no_app_of_the_project_is_left_out() -> None:
    beside_manage = {path.parent for path in Path(settings.BASE_DIR).glob("*/apps.py")}

    assert set(translations.own_apps()) == beside_manage
    assert len(beside_manage) > 5
    assert "changes of settings" in translations.own_strings()


def test_sentences_of_the_pure_wing_are_gathered() -> None:
    found = translations.own_strings()

    assert "Write yes or no." in found
    assert "Say for how many nights." in found


def test_every_mark_is_seen_by_the_gatherer() -> None:
    """Babel does not look into f-strings, so a string that is marked inside one is never translated."""
    hidden = re.compile(r"""f(["']).*\{(?:_|gettext|gettext_lazy)\((?!.*#)""")
    found = [
        f"{path.relative_to(settings.BASE_DIR)}: {line.strip()}"
        for folder in translations.own_apps()
        for path in folder.rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if hidden.search(line)
    ]

    assert found == []
    assert hidden.search("""f"{words}: {_('done')}.\"""")


# -- plural forms -----------------------------------------------------------------------------------


@pytest.mark.parametrize("language", [*translations.languages(), "uz", "ar", "he"])
def test_plural_forms_are_those_of_cldr(language: str) -> None:
    """Whole numbers of one plural category of CLDR share an index, and numbers of different categories do not."""
    count, _semicolon, expression = translations.plural_forms(language).partition(";")
    index = c2py(expression.strip().removeprefix("plural=").rstrip(";"))
    rule = Locale.parse(language).plural_form

    pairs = {(rule(number), index(number)) for number in range(1000)}

    assert len({form for form, _index in pairs}) == len({at for _form, at in pairs}) == len(pairs)
    assert {at for _form, at in pairs} == set(range(int(count.removeprefix("nplurals="))))


@pytest.mark.parametrize("language", ["pl", "fr", "lt"])
def test_language_whose_rule_counts_more_than_whole_numbers_is_refused_with_what_to_do(language: str) -> None:
    with pytest.raises(LookupError, match=f"Write the plural forms of {language} .* into CORRECTED_PLURALS"):
        translations.plural_forms(language)


@pytest.mark.parametrize("language", translations.languages())
def test_compiled_catalogs_agree_with_the_sources(language: str) -> None:
    said = translation(language)
    with override(language):
        wrong = [
            message.id
            for file in (translations.own_file(language), translations.library_file(language))
            for message in translations._read(file, language)
            if message.id and isinstance(message.id, str) and not message.context
            if said.gettext(message.id) != message.string
        ]
    assert wrong == []
