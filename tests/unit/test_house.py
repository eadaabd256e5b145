"""Rules of the house that the source shows: one writer of status, no signals, no clock below the doors, the words.

Each rule is a function that returns the violations in a source text. Its negative control is a text in which the
function must find one.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest
from django.apps import apps

from tests.unit.documents import APPS, ROOT


def sources() -> dict[str, str]:
    """Return the project's own Python files, without migrations, by path."""
    files = [ROOT / "manage.py", *(file for app in APPS for file in (ROOT / app).rglob("*.py"))]
    return {str(file.relative_to(ROOT)): file.read_text() for file in files if "migrations" not in file.parts}


# -- one writer of Match.status -------------------------------------------------------------------

SQL = re.compile(r"\b(update|insert\s+into)\s+matching_match\b", re.I)
WRITING = ("update", "bulk_update", "create", "get_or_create", "update_or_create")

WRITES_OF_A_STATUS = {
    "accounts/desk_contacts.py": ["update(status)"],  # a Delivery's, to a contact that is taken away
    "accounts/merging.py": ["goes.status"],  # a Host's
    "accounts/vetting.py": ["host.status"],
    "matching/api/idempotency.py": ["row.status"],  # an IdempotencyKey's: the HTTP status of the answer it keeps
    "matching/intake.py": ["create(status)", "space.status"],  # a Space's
    "matching/transitions/proposals.py": ["copy_in(Match)"],
    "matching/transitions/writing.py": ["match.status"],
    "notifications/delivering.py": ["row.status", "update(status)", "update(status)", "update(**)"],  # a Delivery's
    "notifications/outbox.py": ["delivery.status"],
    "privacy/kept.py": ["update(**)", "update(**)"],  # words that an erasure empties; `Kept.problems` refuses a status
    "privacy/rotation.py": ["update(**)"],  # an index of a field that is encrypted
}
"""Every file that writes a column called status of any model. Only one package writes a match's."""


def models_with_a_status() -> set[str]:
    return {
        model.__name__
        for model in apps.get_models()
        if model.__module__.split(".")[0] in APPS and any(field.name == "status" for field in model._meta.fields)
    }


def writes_of_a_status(source: str) -> Iterator[str]:
    """Yield each expression that may write a column `status`: an assignment, a constructor, a queryset call, or SQL."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in (each for top in targets for each in ast.walk(top)):
                if isinstance(target, ast.Attribute) and target.attr == "status":
                    yield ast.unparse(target)
        elif isinstance(node, ast.Call):
            yield from _writes_by_calling(node)
        elif isinstance(node, ast.Constant) and SQL.search(str(node.value)):
            yield "SQL"


def _writes_by_calling(call: ast.Call) -> Iterator[str]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name == "setattr" and isinstance(call.args[1], ast.Constant) and call.args[1].value == "status":
        yield "setattr(status)"
    if name == "bulk_update" and any(
        isinstance(part, ast.Constant) and part.value == "status" for part in ast.walk(call)
    ):
        yield "bulk_update(status)"
    if name == "copy_in" and (models_with_a_status() & {ast.unparse(call.args[0])}):
        yield f"copy_in({ast.unparse(call.args[0])})"
    if name in WRITING or name in models_with_a_status():
        for keyword in call.keywords:
            if keyword.arg == "status":
                yield f"{name}(status)"
            # A dictionary that is spread out may hold any column, so each such call is read once and listed above.
            elif keyword.arg is None and name == "update":
                yield f"{name}(**)"


def test_a_match_s_status_has_one_writer() -> None:
    found = {path: sorted(writes) for path, source in sources().items() if (writes := list(writes_of_a_status(source)))}

    assert found == {path: sorted(writes) for path, writes in WRITES_OF_A_STATUS.items()}
    assert sorted(path for path, writes in found.items() if any("match" in write.lower() for write in writes)) == [
        "matching/transitions/proposals.py",
        "matching/transitions/writing.py",
    ]


@pytest.mark.parametrize(
    "source",
    [
        "match.status = 'confirmed'",
        "one, match.status = 1, 'confirmed'",
        "setattr(match, 'status', 'confirmed')",
        "Match.objects.filter(pk=pk).update(status='confirmed')",
        "Match.objects.filter(pk=pk).update(**columns)",
        "Match.objects.bulk_update(matches, ['status'])",
        "Match.objects.create(status='confirmed')",
        "Match(status='confirmed').save()",
        "cursor.execute('UPDATE matching_match SET status = %s')",
        "copy_in(Match, ['id', 'status'], rows)",
    ],
)
def test_a_second_writer_is_found(source: str) -> None:
    assert len(list(writes_of_a_status(source))) == 1


# -- no signals, no logic in save(), no files for odds and ends -------------------------------------


def hidden_effects(source: str) -> Iterator[str]:
    """Yield imports of signals, and methods that change the saving or deleting of a row."""
    for node in ast.walk(ast.parse(source)):
        modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        modules += [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
        if any(re.search(r"django\.dispatch|signals$|^receiver$", module) for module in modules):
            yield "signal"
        if isinstance(node, ast.ClassDef):
            yield from (part.name for part in node.body if getattr(part, "name", "") in ("save", "delete"))


def test_nothing_happens_by_signal_or_in_save() -> None:
    assert {path: found for path, source in sources().items() if (found := list(hidden_effects(source)))} == {}


@pytest.mark.parametrize(
    "source",
    [
        "from django.dispatch import receiver",
        "from django.db.models.signals import post_save",
        "from django.db.models import signals",
        "class Match:\n    def save(self): ...",
    ],
)
def test_a_hidden_effect_is_found(source: str) -> None:
    assert list(hidden_effects(source)) != []


def test_files_are_named_for_an_activity() -> None:
    drawers = re.compile(r"(^|_)(utils?|services?|helpers?|common|misc)(_|$)")
    files = [*sources(), *(str(file.relative_to(ROOT)) for file in (ROOT / "tests").rglob("*.py"))]

    assert [path for path in files if any(drawers.search(part) for part in Path(path).with_suffix("").parts)] == []
    assert drawers.search("date_utils")


# -- `by` and `at` are arguments ------------------------------------------------------------------

DOORS = re.compile(r"matching/(web|api|admin)/|[a-z]+/management/|(accounts|matching|notifications)/tasks\.py|shelter/")

CLOCKS_BELOW_A_DOOR = {
    "accounts/authentication.py",
    "accounts/desk.py",
    "accounts/desk_door.py",
    "accounts/desk_invitations.py",
    "accounts/desk_keys.py",
    "accounts/desk_passkeys.py",
}
"""These files are doors: the API framework calls the first with a request, and the others answer to addresses."""


def looks_at_the_clock(source: str) -> bool:
    """Return whether the source asks for the time or the day; durations by perf_counter or monotonic are allowed."""
    return any(
        isinstance(node, ast.Attribute)
        and (node.attr in ("utcnow", "today", "localdate") or ast.unparse(node).endswith((".now", "time.time")))
        for node in ast.walk(ast.parse(source))
    )


def test_only_doors_look_at_the_clock() -> None:
    below = {path for path, source in sources().items() if not DOORS.match(path) and looks_at_the_clock(source)}

    assert below == CLOCKS_BELOW_A_DOOR


@pytest.mark.parametrize("source", ["timezone.now()", "at = timezone.now", "datetime.now(UTC)", "date.today()"])
def test_a_look_at_the_clock_is_found(source: str) -> None:
    assert looks_at_the_clock(source)


# -- one rule of who may act --------------------------------------------------------------------------

MAY_ACT = "matching/queries.py"
"""This file holds the rule: `may_act_for` for a request or a space, `may_speak_for` for a row that does not exist yet."""


def asks_whose_it_is(source: str) -> Iterator[str]:
    """Yield each expression that combines the owner of a row with a coordinator's places."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.BoolOp):
            continue
        parts = list(ast.walk(node))
        owner = any(isinstance(part, ast.Attribute) and part.attr == "user_id" for part in parts) or any(
            isinstance(part, ast.Compare) and re.search(r"\b(arrival|host)\.user\b", ast.unparse(part))
            for part in parts
        )
        calls = {ast.unparse(part.func).rpartition(".")[2] for part in parts if isinstance(part, ast.Call)}
        if owner and calls & {"covers", "coordinator_of"}:
            yield ast.unparse(node)


def test_the_rule_of_who_may_act_stands_in_one_file() -> None:
    found = {path: list(asks_whose_it_is(source)) for path, source in sources().items()}

    assert {path: len(said) for path, said in found.items() if said} == {MAY_ACT: 1}


@pytest.mark.parametrize(
    "source",
    [
        "request.arrival.user_id != by.pk and not queries.covers(by, request.place_id)",
        "by.pk == space.host.user_id or covers(by, space.place_id)",
        "request.arrival.user == by or queries.covers(by, request.place_id)",
        "allowed = host.user_id == by.pk or queries.coordinator_of(by) is not None",
    ],
)
def test_a_second_rule_of_who_may_act_is_found(source: str) -> None:
    assert len(list(asks_whose_it_is(source))) == 1


def asks_for_both_places(source: str) -> Iterator[str]:
    """Yield each expression, in Python or as a query, that is true in the place of the request or in that of the space."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.BoolOp | ast.BinOp):
            said = ast.unparse(node)
            if (
                re.search(r"\bcovers\(|\bQ\(", said)
                and re.search(r"\brequest(\.|__)place", said)
                and re.search(r"\bspace(\.|__)place", said)
            ):
                yield said
        elif isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "any":
            said = ast.unparse(node)
            if "covers(" in said and re.search(r"\bplace", said):
                yield said


BOTH_PLACES = {
    "matching/desk/queueing.py": 1,  # the queue's filter by a place: it narrows, and grants nothing
    MAY_ACT: 2,  # `covers_match`, and the same as a query
}


def test_the_rule_of_who_coordinates_a_match_stands_in_one_file() -> None:
    found = {path: len(list(asks_for_both_places(source))) for path, source in sources().items()}

    assert {path: count for path, count in found.items() if count} == BOTH_PLACES


@pytest.mark.parametrize(
    "source",
    [
        "queries.covers(by, proposal.request.place_id) or queries.covers(by, proposal.space.place_id)",
        "any(queries.covers(by, place_id) for place_id in live)",
        "covers(user, match.space.place_id) or user.is_staff or covers(user, match.request.place_id)",
        "not covers(by, match.request.place_id) and not covers(by, match.space.place_id)",
        "Match.objects.filter(Q(request__place__in=places) | Q(space__place__in=places))",
    ],
)
def test_a_second_rule_of_who_coordinates_a_match_is_found(source: str) -> None:
    assert len(list(asks_for_both_places(source))) == 1


# -- one act opens a case and asks ----------------------------------------------------------------

OPENING_A_CASE = {"open_case", "open_case_for"}

OPENS_CASES = {
    "matching/intake.py": ["open_case", "open_case_for"],
    "matching/web/need.py": ["open_case"],  # This case only keeps answers that are not sent yet: it asks for nothing.
}


def opens_a_case(source: str) -> list[str]:
    """Return the calls that open a case. Code that also asks for shelter must call `intake.open_case_and_ask`."""
    calls = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    return sorted({name for call in calls if (name := ast.unparse(call.func).rpartition(".")[2]) in OPENING_A_CASE})


def test_cases_are_opened_by_one_act() -> None:
    found = {path: opened for path, source in sources().items() if (opened := opens_a_case(source))}

    assert found == OPENS_CASES


def test_opening_a_case_elsewhere_is_found() -> None:
    assert opens_a_case("arrival, secret = arrivals.open_case(language='ru')") == ["open_case"]


# -- the words ------------------------------------------------------------------------------------

SYNONYMS = {"guest", "refugee", "client", "sponsor", "listing", "booking", "accommodation", "slot"}

OTHER_MEANINGS = {
    ("notifications/channels/gateway.py", "client"),  # a client of a server
    ("shelter/backups/programs.py", "client"),  # a package of Debian
    ("shelter/backups/stores.py", "client"),  # a keyword of obstore
    ("shelter/health.py", "client"),
    ("shelter/running/redis.py", "client"),
}


def texts() -> dict[str, str]:
    """Return the texts for readers: code, pages, and documents except the glossary, which names the synonyms."""
    files = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "templates").rglob("*.html")]
    files += [*(ROOT / "static").glob("*.css"), ROOT / "docker-compose.yml", ROOT / ".env.example"]
    read = {str(file.relative_to(ROOT)): file.read_text(encoding="utf-8") for file in files}
    del read["docs/glossary.md"]
    return sources() | read


def synonyms_in(text: str) -> set[str]:
    """Return the forbidden words in a text, also as parts of an identifier."""
    text = re.sub(r"\bslots=True|__slots__|\bhttpx?\.Client\b|\bdjango\.test\.Client\b", "", text)
    parts = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", text)
    return {word for part in parts if (word := part.lower().removesuffix("s")) in SYNONYMS}


def test_every_thing_has_one_word() -> None:
    found = {(path, word) for path, text in texts().items() for word in synonyms_in(text)}

    assert found == OTHER_MEANINGS


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("def list_guests(): ...", "guest"),
        ("class BookingForm: ...", "booking"),
        ("Our refugees", "refugee"),
        ("the client's address", "client"),
        ("SLOT_LENGTH = 3", "slot"),
        ("@dataclass(slots=True)", None),
    ],
)
def test_a_synonym_is_found(text: str, word: str | None) -> None:
    assert synonyms_in(text) == ({word} if word else set())


# -- numbers with an owner ------------------------------------------------------------------------

LENGTH_OF_A_TEXT = (
    r"\b(notes?|address|directions|reason|contact|place|case_number|secret) = "
    r"(forms|serializers)\.CharField\(((?! = )[\s\S])*?max_length=\d"
)
"""A field of a form or of the API that writes out how long a text may be. A ` = ` begins the next field."""

OWNED = {
    "accounts/throttles.py": [r"\bseconds=900\b"],
    "deployment/locks.py": [r"advisory_(xact_)?(un)?lock\w*\("],
    "matching/engine/checking.py": [r"\b6371\b"],  # apart from the solver's, on purpose
    "matching/limits.py": [r"\b730\b", LENGTH_OF_A_TEXT],
    "matching/refusals.py": [r"\bWRONG_INPUT = \d", r"\bstatus=422\b"],
    "places/earth.py": [r"\b6_371\b"],
}
"""Patterns of source that may stand in one file only: the owner's path, and the owner's patterns."""


def stray_numbers(path: str, source: str) -> list[str]:
    return [
        found.group()
        for owner, patterns in OWNED.items()
        if path != owner
        for pattern in patterns
        for found in re.finditer(pattern, source)
    ]


def test_an_owned_number_stands_only_with_its_owner() -> None:
    assert {path: found for path, source in sources().items() if (found := stray_numbers(path, source))} == {}


@pytest.mark.parametrize(
    "source",
    [
        "cursor.execute('SELECT pg_try_advisory_lock(%s)', [1])",
        "if nights > 730: pass",
        "throttles.count('case', number, limit=10, seconds=900, at=at)",
        "note = forms.CharField(label=_('Why (not required)'), required=False, max_length=1000)",
        "address = serializers.CharField(max_length=500)",
        "contact = forms.CharField(label=_('Phone or e-mail'), required=False, max_length=200)",
        "place = serializers.CharField(max_length=200, required=False, allow_blank=True)",
        "return render(request, 'case.html', status=422)",
        "WRONG_INPUT = 422",
        "EARTH_KM = 6371.0088",
        "EARTH_KM = 6_371.0088",
    ],
)
def test_a_stray_number_is_found(source: str) -> None:
    assert len(stray_numbers("matching/intake.py", source)) == 1


TYPED_LENGTH = re.compile(r'maxlength="\d')
"""A length written out in a template. `{% longest %}` and the fields of a form take theirs from matching/limits.py."""


def test_no_template_writes_out_how_long_a_text_may_be() -> None:
    texts = {str(file.relative_to(ROOT)): file.read_text() for file in (ROOT / "templates").rglob("*.html")}

    assert [path for path, text in texts.items() if TYPED_LENGTH.search(text)] == []


def test_a_written_length_is_found_and_the_tag_is_not() -> None:
    assert TYPED_LENGTH.search('<input type="text" name="note" maxlength="500">')
    assert not TYPED_LENGTH.search("""<input name="note" maxlength="{% longest 'note' %}">""")


# -- calls that can be read -----------------------------------------------------------------------

MOST_BY_POSITION = 5


def project_files() -> dict[str, str]:
    """Return every Python file of the project with its tests and benchmarks, by path, without migrations."""
    others = [file for folder in ("benchmarks", "sample_data", "tests") for file in (ROOT / folder).rglob("*.py")]
    return sources() | {str(file.relative_to(ROOT)): file.read_text(encoding="utf-8") for file in others}


TAKES_A_LIST = {"call_command", "manage", "one_of", "pack", "priced", "ran", "values_list"}
"""The arguments of these functions are one list of words, columns or rows, so no position needs a name."""


def calls_by_position(source: str, *, but: Collection[str] = ()) -> Iterator[str]:
    """Yield the functions called with more than five arguments by position; `*arguments` counts as one."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and len(node.args) > MOST_BY_POSITION:
            name = ast.unparse(node.func)
            if name.split(".")[-1] not in but:
                yield name


def test_no_call_has_more_than_five_arguments_by_position() -> None:
    found = {
        path: calls
        for path, text in project_files().items()
        if (calls := list(calls_by_position(text, but=TAKES_A_LIST)))
    }

    assert found == {}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("Need(1, 2, 3, 4, 5, 6)", ["Need"]),
        ("engine.near(1, 2, 3, 4, 5, *rest)", ["engine.near"]),
        ("Need(1, 2, 3, 4, 5, six=6)", []),
        ("Need(*values)", []),
    ],
)
def test_a_call_by_position_is_found(source: str, found: list[str]) -> None:
    assert list(calls_by_position(source)) == found


# -- one word, one thing, in code too -------------------------------------------------------------


def classes_called(source: str) -> list[str]:
    """Return the names of the classes that stand at the top of a file."""
    return [node.name for node in ast.parse(source).body if isinstance(node, ast.ClassDef)]


def test_a_class_s_name_means_one_thing_in_all_files() -> None:
    places: dict[str, list[str]] = {}
    for path, source in sources().items():
        if "/management/commands/" not in path:  # Django wants each of them to hold a class called Command.
            for name in classes_called(source):
                places.setdefault(name, []).append(path)

    assert {name: paths for name, paths in places.items() if len(paths) > 1} == {}


ONE_FILE_A_LANGUAGE = re.compile(r"notifications/texts/[a-z]{2}\.py|shelter/formats/")
"""Each language has a file of its own here, with the same names in all: ours for the texts, Django's for the formats."""

DEFINED_AGAIN = {
    "Row": {"matching/admin/access.py", "matching/management/importing.py", "matching/importing/row_by_row.py"}
    | {"matching/sheets/rows.py", "matching/sheets/reading.py"},  # A type variable belongs to its file.
    "View": {"accounts/desk.py", "matching/web/visitors.py"},  # The desk and the pages know nothing of each other.
    "Window": {"matching/engine/values.py", "matching/sheets/cells.py", "matching/sheets/fields.py"},  # nor do these
}
"""Names with one meaning that stand at the top of several files, for the reason given."""


def constants_in(source: str) -> set[str]:
    """Return the names with a capital letter at the front that are assigned at the top of a file."""
    assigned = [
        target
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
    ]
    return {
        part.id
        for target in assigned
        for part in ast.walk(target)
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store) and part.id[0].isupper()
    }


def test_a_constant_s_name_means_one_thing_in_all_files_and_is_no_class_s() -> None:
    places: dict[str, set[str]] = {}
    for path, source in sources().items():
        if not ONE_FILE_A_LANGUAGE.match(path):
            for name in constants_in(source).union(classes_called(source)) - {"Command"}:  # Django wants that name.
                places.setdefault(name, set()).add(path)

    assert {name: paths for name, paths in places.items() if len(paths) > 1} == DEFINED_AGAIN


def test_constants_are_found_wherever_they_are_assigned() -> None:
    source = (
        "ONE, (TWO, *THREE) = 1, (2, 3)\nFOUR: int = 4\nfive = Five = 5\nSEEN[ONE] = 6\nclass Six:\n    SEVEN = 7\n"
    )

    assert constants_in(source) == {"ONE", "TWO", "THREE", "FOUR", "Five"}


COLUMN_S_OWN = {"Meta", "Status"}
"""Django demands the first. The second is the value of a column `status`: of a space, a host or a delivery."""


def classes_inside(source: str) -> list[str]:
    """Return the names of the classes that stand inside another class."""
    outer = [node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)]
    return [part.name for node in outer for part in node.body if isinstance(part, ast.ClassDef)]


def test_a_class_inside_a_class_has_a_name_of_its_own() -> None:
    found = [name for source in sources().values() for name in classes_inside(source) if name not in COLUMN_S_OWN]

    assert sorted(found) == sorted(set(found))


def test_a_class_inside_a_class_is_found() -> None:
    assert classes_inside("class Host:\n    class Kind: ...\nclass Sheet:\n    class Kind: ...") == ["Kind", "Kind"]


RIDDLES = {"calls", "copying", "sense", "present", "standing", "frame", "hand", "left_over", "loading"}
"""Names of files that strangers guessed wrong once."""


def test_no_file_has_a_name_that_strangers_guessed_wrong() -> None:
    assert [path for path in sources() if Path(path).stem in RIDDLES] == []


# -- one file passes by the guards of the database ----------------------------------------------------


def passes_by_guards(source: str) -> bool:
    """Return whether the code switches triggers off: by the library, by its setting, or by PostgreSQL's own words."""
    return bool(re.search(r"pgtrigger\.ignore|session_replication_role|(dis|en)able\s+trigger", source, re.I))


def test_only_the_change_of_keys_and_erasures_pass_by_the_guards_of_the_database() -> None:
    assert sorted(path for path, source in sources().items() if passes_by_guards(source)) == [
        "privacy/kept.py",
        "privacy/rotation.py",
    ]


@pytest.mark.parametrize(
    "source",
    [
        "with pgtrigger.ignore('matching.Match:match_room_left'):",
        "SET LOCAL session_replication_role = replica",
        "ALTER TABLE matching_match DISABLE TRIGGER ALL",
    ],
)
def test_a_guard_passed_by_is_found(source: str) -> None:
    assert passes_by_guards(source)
