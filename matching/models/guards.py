"""Triggers that keep the domain's guarantees for every write: by the ORM, the admin, in bulk or by raw SQL.

Each trigger raises a `check_violation` under its own constraint name, and `matching.refusals` turns the name into words.
Beds are counted after the space's row is locked, and only under READ COMMITTED: there, each statement of the trigger sees
what was committed before that statement began. Lock a space always before its matches.

These are triggers and not exclusion constraints because the embedded PostgreSQL has no btree_gist.
"""

from __future__ import annotations

import pgtrigger

from matching.models.meeting import (
    ANYBODY_APART,
    GOES_FORWARD,
    HOLDING,
    REQUESTS_APART_FROM_MATCHES,
    REQUESTS_APART_FROM_SPACES,
    REQUESTS_OF_ENTRIES,
    REQUESTS_OF_FOUND,
    REQUESTS_OF_KEPT_APART,
    sql_list,
)
from matching.sheets import fields
from matching.states import CONTACT_OPEN, MOVES

LEGAL_MOVES = ", ".join(f"('{move.source}', '{move.target}')" for move in MOVES if move.source is not None)

BY_INDEX, AS_BEFORE = (
    # Force index scans: a connection keeps a query plan that it made while the table was small. That plan would read the
    # whole table for each row, and a round makes the table a hundred times larger.
    "PERFORM set_config('enable_seqscan', 'off', true);",
    "PERFORM set_config('enable_seqscan', 'on', true);",
)

NIGHT_OUTSIDE_WINDOWS = """
    SELECT night::date INTO bad_night
      FROM generate_series({first}::timestamp, {last}::timestamp - interval '1 day', interval '1 day') AS night
     WHERE NOT EXISTS (
               SELECT FROM matching_spacewindow AS w
                WHERE w.space_id = {space} AND w.first_night <= night::date AND night::date < w.last_day)
     LIMIT 1;
"""

# Sums of people change only on the first night of some match, so only those nights are counted.
CROWDED_NIGHT = f"""
    SELECT start.first_night INTO bad_night
      FROM matching_match AS start
      JOIN matching_match AS other
        ON other.space_id = start.space_id AND other.status IN ({HOLDING})
       AND other.first_night <= start.first_night AND start.first_night < other.last_day
     WHERE start.space_id = {{space}} AND start.status IN ({HOLDING})
       AND start.first_night >= {{first}} AND start.first_night < {{last}}
     GROUP BY start.id, start.first_night
    HAVING {{crowded}}
     LIMIT 1;
"""

# A frozen match holds its beds, but the household may need another place at once: so it is not counted here.
HOUSEHOLD_TWICE = f"""
    SELECT start.first_night INTO bad_night
      FROM matching_match AS start
      JOIN matching_match AS other
        ON other.request_id = start.request_id AND other.status IN ({HOLDING}) AND other.frozen_at IS NULL
       AND other.first_night <= start.first_night AND start.first_night < other.last_day
     WHERE start.request_id = NEW.request_id AND start.status IN ({HOLDING}) AND start.frozen_at IS NULL
     GROUP BY start.id, start.first_night
    HAVING sum(other.people) > asked.people
     LIMIT 1;
"""

MATCH_GOES_ON_ALONE = pgtrigger.Trigger(
    # A frozen match was not counted while the household was given another place. It goes on only where that place, of this
    # or of another request of the same arrival, has ended, and where the request still asks for its nights.
    name="match_goes_on_alone",
    when=pgtrigger.After,
    operation=pgtrigger.UpdateOf("frozen_at"),
    declare=[("asked", "record"), ("bad_night", "date")],
    func=f"""
    IF OLD.frozen_at IS NULL OR NEW.frozen_at IS NOT NULL OR NEW.status NOT IN ({HOLDING}) THEN
        RETURN NULL;
    END IF;
    SELECT people, arrival_id, first_night, first_night + nights AS last_day INTO asked
      FROM matching_shelterrequest WHERE id = NEW.request_id FOR NO KEY UPDATE;
    {HOUSEHOLD_TWICE}
    IF NOT FOUND THEN
        SELECT other.first_night INTO bad_night
          FROM matching_match AS other JOIN matching_shelterrequest AS request ON request.id = other.request_id
         WHERE request.arrival_id = asked.arrival_id AND request.id <> NEW.request_id
           AND other.status IN ({HOLDING}) AND other.frozen_at IS NULL
           AND other.first_night < NEW.last_day AND NEW.first_night < other.last_day
         LIMIT 1;
    END IF;
    IF FOUND THEN
        RAISE EXCEPTION 'the household of match % has another place on night %', NEW.id, bad_night
            USING ERRCODE = 'check_violation', CONSTRAINT = 'match_household_once';
    END IF;
    IF NEW.first_night < asked.first_night OR NEW.last_day > asked.last_day THEN
        RAISE EXCEPTION 'request % does not ask for all nights of match %', NEW.request_id, NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'match_within_request';
    END IF;
    RETURN NULL;
    """,
)

MATCH_KEEPS_TO_SPACE = pgtrigger.Trigger(
    name="match_keeps_to_space",
    when=pgtrigger.After,
    operation=pgtrigger.Insert | pgtrigger.UpdateOf("status", "space_id", "first_night", "last_day", "people"),
    declare=[("room", "record"), ("asked", "record"), ("bad_night", "date")],
    func=f"""
    IF NEW.status NOT IN ({HOLDING}) THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        IF OLD.status IN ({HOLDING}) AND OLD.space_id = NEW.space_id AND OLD.people = NEW.people
                AND OLD.first_night = NEW.first_night AND OLD.last_day = NEW.last_day THEN
            RETURN NULL;
        END IF;
    END IF;
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'matches are written under READ COMMITTED only'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'match_read_committed';
    END IF;
    {BY_INDEX}
    SELECT beds, shared, status, host_id INTO room FROM matching_space WHERE id = NEW.space_id FOR UPDATE;
    IF TG_OP = 'INSERT' THEN
        PERFORM FROM accounts_host WHERE id = room.host_id AND status = 'vetted' FOR SHARE;
        IF NOT FOUND OR room.status <> 'listed' THEN
            RAISE EXCEPTION 'space % is not open for matches', NEW.space_id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'match_space_open';
        END IF;
    END IF;
    -- Two proposals of one request, in whatever spaces, are written one after the other, and so are a proposal and a
    -- change of the nights that are asked for: whichever is second sees what the first has written.
    SELECT people, first_night, first_night + nights AS last_day, withdrawn_at INTO asked
      FROM matching_shelterrequest WHERE id = NEW.request_id FOR NO KEY UPDATE;
    IF TG_OP = 'INSERT' OR NOT coalesce(OLD.status IN ({HOLDING}), false) THEN  -- A no-show may be taken back.
        IF asked.withdrawn_at IS NOT NULL THEN
            RAISE EXCEPTION 'request % is withdrawn', NEW.request_id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'match_request_open';
        END IF;
        {HOUSEHOLD_TWICE}
        IF FOUND THEN
            RAISE EXCEPTION 'request % has a place on night % already', NEW.request_id, bad_night
                USING ERRCODE = 'check_violation', CONSTRAINT = 'match_household_once';
        END IF;
    END IF;
    IF NEW.first_night < asked.first_night OR NEW.last_day > asked.last_day THEN
        RAISE EXCEPTION 'request % does not ask for all nights from % to %', NEW.request_id, NEW.first_night, NEW.last_day
            USING ERRCODE = 'check_violation', CONSTRAINT = 'match_within_request';
    END IF;
    {NIGHT_OUTSIDE_WINDOWS.format(first="NEW.first_night", last="NEW.last_day", space="NEW.space_id")}
    IF FOUND THEN
        RAISE EXCEPTION 'night % lies in no window of space %', bad_night, NEW.space_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'match_within_windows';
    END IF;
    {
        CROWDED_NIGHT.format(
            space="NEW.space_id",
            first="NEW.first_night",
            last="NEW.last_day",
            crowded="sum(other.people) > room.beds OR (count(*) > 1 AND NOT room.shared)",
        )
    }
    IF FOUND THEN
        RAISE EXCEPTION 'no room left in space % on night %', NEW.space_id, bad_night
            USING ERRCODE = 'check_violation', CONSTRAINT = 'match_room_left';
    END IF;
    {AS_BEFORE}
    RETURN NULL;
    """,
)

MATCH_LEGAL_MOVE = pgtrigger.Trigger(
    name="match_legal_move",
    when=pgtrigger.Before,
    operation=pgtrigger.Insert | pgtrigger.UpdateOf("status"),
    func=f"""
    IF TG_OP = 'INSERT' THEN
        IF NEW.status = 'proposed' THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'a match begins as proposed, not as %', NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'match_legal_move';
    END IF;
    IF OLD.status = NEW.status OR (OLD.status, NEW.status) IN ({LEGAL_MOVES}) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'no move leads from % to %', OLD.status, NEW.status
        USING ERRCODE = 'check_violation', CONSTRAINT = 'match_legal_move';
    """,
)

MATCH_GOES_ON = pgtrigger.Trigger(
    # Ask for standing before an approval, a yes, a forward move, and before a frozen match goes on. The host's row is
    # locked after the space's, as everywhere, so that a suspension comes either before the whole write or after it.
    name="match_goes_on",
    when=pgtrigger.Before,
    operation=pgtrigger.UpdateOf(
        *("status", "approved_by_id", "also_approved_by_id", "host_accepted_at", "arrival_accepted_at", "frozen_at")
    ),
    declare=[("forward", "boolean"), ("host", "bigint")],
    func=f"""
    forward := {GOES_FORWARD};
    IF forward AND (NEW.frozen_at IS NOT NULL OR OLD.frozen_at IS NOT NULL) THEN
        RAISE EXCEPTION 'match % is frozen', NEW.id USING ERRCODE = 'check_violation', CONSTRAINT = 'match_frozen';
    END IF;
    IF forward OR (OLD.frozen_at IS NOT NULL AND NEW.frozen_at IS NULL) THEN
        SELECT host_id INTO host FROM matching_space WHERE id = NEW.space_id FOR UPDATE;
        PERFORM FROM accounts_host WHERE id = host AND status = 'vetted' FOR SHARE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'the host of match % is not vetted', NEW.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'match_host_vetted';
        END IF;
    END IF;
    RETURN NEW;
    """,
)

MATCH_STATUS_IS_HISTORY = pgtrigger.Trigger(
    # Refuse at commit a status that differs from the last line of the history: no status may change without a line.
    name="match_status_is_history",
    when=pgtrigger.After,
    operation=pgtrigger.Insert | pgtrigger.UpdateOf("status"),
    timing=pgtrigger.Deferred,
    declare=[("status_now", "text"), ("told", "text")],
    func=f"""
    {BY_INDEX}
    SELECT status INTO status_now FROM matching_match WHERE id = NEW.id;
    SELECT to_status INTO told FROM matching_matchevent WHERE match_id = NEW.id ORDER BY id DESC LIMIT 1;
    {AS_BEFORE}
    IF status_now IS DISTINCT FROM told THEN
        RAISE EXCEPTION 'the history of match % does not say %', NEW.id, status_now
            USING ERRCODE = 'check_violation', CONSTRAINT = 'match_status_is_history';
    END IF;
    RETURN NULL;
    """,
)

MATCH_HELD_BY_INCIDENT = pgtrigger.Trigger(
    # While an incident is open, a match goes on only after two people agreed. Their two names stand in the incident.
    name="match_held_by_incident",
    when=pgtrigger.Before,
    operation=pgtrigger.UpdateOf("frozen_at"),
    func="""
    IF OLD.frozen_at IS NOT NULL AND NEW.frozen_at IS NULL AND EXISTS (
            SELECT FROM matching_incident
             WHERE match_id = NEW.id AND closed_at IS NULL AND go_on_agreed_by_id IS NULL) THEN
        RAISE EXCEPTION 'an incident about match % is open', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'match_held_by_incident';
    END IF;
    RETURN NEW;
    """,
)

SPACE_KEEPS_PROMISES = pgtrigger.Trigger(
    name="space_keeps_promises",
    when=pgtrigger.After,
    operation=pgtrigger.UpdateOf("beds", "shared"),
    declare=[("bad_night", "date")],
    func=f"""
    {
        CROWDED_NIGHT.format(
            space="NEW.id",
            first="'-infinity'::date",
            last="'infinity'::date",
            crowded="sum(other.people) > NEW.beds OR (count(*) > 1 AND NOT NEW.shared)",
        )
    }
    IF FOUND THEN
        RAISE EXCEPTION 'space % has promised more on night %', NEW.id, bad_night
            USING ERRCODE = 'check_violation', CONSTRAINT = 'space_keeps_promises';
    END IF;
    RETURN NULL;
    """,
)

CONTACT_OPEN_IN = sql_list(frozenset(CONTACT_OPEN))

SPACE_AS_VETTED = pgtrigger.Trigger(
    # What was vetted is what is used. Another address, more beds, more people who live there or other households at the same
    # time are written only with a change that a coordinator has applied, once somebody has looked at the host or a household
    # has been promised the space. `matching.waiting` has the same rules.
    name="space_as_vetted",
    when=pgtrigger.Before,
    operation=pgtrigger.UpdateOf(
        *("address_index", "latitude", "longitude", "place_id", "beds", "others", "shared", "looked_change")
    ),
    func=f"""
    IF NEW.address_index = OLD.address_index AND NEW.latitude = OLD.latitude AND NEW.longitude = OLD.longitude
            AND NEW.place_id IS NOT DISTINCT FROM OLD.place_id AND NEW.beds <= OLD.beds
            AND coalesce(NEW.others, 0) <= coalesce(OLD.others, 0) AND NOT (NEW.shared AND NOT OLD.shared) THEN
        RETURN NEW;
    END IF;
    IF NEW.looked_change > coalesce(OLD.looked_change, 0) THEN
        PERFORM FROM matching_waitingchange
          WHERE id = NEW.looked_change AND space_id = NEW.id AND outcome = 'applied';
        IF FOUND THEN
            RETURN NEW;
        END IF;
    END IF;
    PERFORM FROM accounts_host AS h
      WHERE h.id = NEW.host_id AND h.status = 'unvetted'
        AND NOT EXISTS (SELECT FROM accounts_hostcheck AS c WHERE c.host_id = h.id);
    IF FOUND THEN
        PERFORM FROM matching_match WHERE space_id = NEW.id AND status IN ({CONTACT_OPEN_IN}) LIMIT 1;
        IF NOT FOUND THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'space % is used as it was vetted', NEW.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'space_as_vetted';
    """,
)

CHANGE_IS_DECIDED_ONCE = pgtrigger.Trigger(
    name="waiting_change_decided_once",
    when=pgtrigger.Before,
    operation=pgtrigger.UpdateOf("kinds", "outcome", "decided_by_id", "decided_at"),
    func="""
    IF OLD.outcome <> '' AND (NEW.kinds, NEW.outcome, NEW.decided_by_id, NEW.decided_at)
            IS DISTINCT FROM (OLD.kinds, OLD.outcome, OLD.decided_by_id, OLD.decided_at) THEN
        RAISE EXCEPTION 'change % is decided', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'waiting_change_decided_once';
    END IF;
    RETURN NEW;
    """,
)

WINDOW_KEEPS_PROMISES = pgtrigger.Trigger(
    name="window_keeps_promises",
    when=pgtrigger.After,
    operation=pgtrigger.Update | pgtrigger.Delete,
    declare=[("promised", "record"), ("bad_night", "date")],
    func=f"""
    PERFORM FROM matching_space WHERE id = OLD.space_id FOR UPDATE;
    FOR promised IN
        SELECT id, first_night, last_day FROM matching_match
         WHERE space_id = OLD.space_id AND status IN ({HOLDING})
           AND first_night < OLD.last_day AND last_day > OLD.first_night
    LOOP
        {NIGHT_OUTSIDE_WINDOWS.format(first="promised.first_night", last="promised.last_day", space="OLD.space_id")}
        IF FOUND THEN
            RAISE EXCEPTION 'night % of match % is promised', bad_night, promised.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'window_keeps_promises';
        END IF;
    END LOOP;
    RETURN NULL;
    """,
)

REQUEST_KEEPS_MATCHES = pgtrigger.Trigger(
    name="request_keeps_matches",
    when=pgtrigger.After,
    operation=pgtrigger.UpdateOf("first_night", "nights"),
    declare=[("outside", "uuid")],
    func=f"""
    SELECT id INTO outside FROM matching_match
     WHERE request_id = NEW.id AND status IN ({HOLDING}) AND frozen_at IS NULL
       AND (first_night < NEW.first_night OR last_day > NEW.first_night + NEW.nights)
     LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'match % has nights that request % would not ask for any more', outside, NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'request_keeps_matches';
    END IF;
    RETURN NULL;
    """,
)


def append_only(name: str) -> pgtrigger.Protect:
    """Return a trigger that refuses every change and deletion of a row once written."""
    return pgtrigger.Protect(name=name, operation=pgtrigger.Update | pgtrigger.Delete)


# -- changes noted for workers that keep the market in memory ---------------------------------------

REQUEST_AS_MATCHED = (
    *(field.name for field in fields.weighed(fields.REQUEST)),
    *("registered_at", "withdrawn_at", "desk_since", "version"),
)
"""The columns of a request that decide where it may be placed."""


def _noting(
    name: str, operation: pgtrigger.Operation, rows: str, *, apart: str = "", **old_and_new: str
) -> pgtrigger.Trigger:
    """Return a trigger that notes, once for each statement, which requests and spaces it wrote.

    `apart` are further rows, which are looked for only where anybody is kept apart from anybody: a statement of its own, since
    each new session plans what it runs, and this one takes many times as long to plan as to run.
    """
    note = "INSERT INTO matching_matchingchange (request_id, space_id)"
    further = f" IF {ANYBODY_APART} THEN {note} {apart}; END IF;" if apart else ""
    return pgtrigger.Trigger(
        name=name,
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=operation,
        referencing=pgtrigger.Referencing(**old_and_new),
        func=f"{note} {rows};{further} RETURN NULL;",
    )


def _columns(table: str) -> str:
    return ", ".join(f"{table}.{column}" for column in REQUEST_AS_MATCHED)


CHANGES_OF_MATCHES = [
    _noting(
        "match_written",
        pgtrigger.Insert,
        "SELECT DISTINCT request_id, space_id FROM written",
        apart=REQUESTS_APART_FROM_MATCHES,
        new="written",
    ),
    _noting(
        "match_rewritten",
        pgtrigger.Update,
        "SELECT request_id, space_id FROM written UNION SELECT request_id, space_id FROM before",
        apart=REQUESTS_APART_FROM_MATCHES,
        new="written",
        old="before",
    ),
    _noting("match_removed", pgtrigger.Delete, "SELECT DISTINCT request_id, space_id FROM before", old="before"),
]
_SPACES = "SELECT NULL::uuid, id FROM written"
CHANGES_OF_SPACES = [
    _noting("space_written", pgtrigger.Insert, _SPACES, apart=REQUESTS_APART_FROM_SPACES, new="written"),
    _noting("space_rewritten", pgtrigger.Update, _SPACES, apart=REQUESTS_APART_FROM_SPACES, new="written"),
    _noting("space_removed", pgtrigger.Delete, "SELECT NULL::uuid, id FROM before", old="before"),
]
STANDING_REWRITTEN = _noting(
    "standing_rewritten",
    pgtrigger.Update,
    """SELECT NULL::uuid, space.id FROM written JOIN before ON before.id = written.id
         JOIN matching_space AS space ON space.host_id = written.id
        WHERE written.status IS DISTINCT FROM before.status""",
    new="written",
    old="before",
)
"""Of a host: all spaces of a host who is vetted, or no longer is, come onto the market or leave it."""
CHANGES_OF_KEPT_APART = [
    _noting("kept_apart_written", pgtrigger.Insert, REQUESTS_OF_KEPT_APART, new="written"),
    _noting("kept_apart_rewritten", pgtrigger.Update, REQUESTS_OF_KEPT_APART, new="written"),
]
ENTRY_REWRITTEN = _noting("entry_rewritten", pgtrigger.Update, REQUESTS_OF_ENTRIES, new="written")
FOUND_WRITTEN = _noting("found_written", pgtrigger.Insert, REQUESTS_OF_FOUND, new="written")
CHANGES_OF_WINDOWS = [
    _noting("window_written", pgtrigger.Insert, "SELECT DISTINCT NULL::uuid, space_id FROM written", new="written"),
    _noting("window_rewritten", pgtrigger.Update, "SELECT DISTINCT NULL::uuid, space_id FROM written", new="written"),
    _noting("window_removed", pgtrigger.Delete, "SELECT DISTINCT NULL::uuid, space_id FROM before", old="before"),
]
CHANGES_OF_REQUESTS = [
    _noting("request_written", pgtrigger.Insert, "SELECT id, NULL::uuid FROM written", new="written"),
    # Note nothing when only other columns change: a round writes the reasons of unplaced requests, for example.
    _noting(
        "request_rewritten",
        pgtrigger.Update,
        f"""SELECT written.id, NULL::uuid FROM written JOIN before USING (id)
             WHERE ({_columns("written")}) IS DISTINCT FROM ({_columns("before")})""",
        new="written",
        old="before",
    ),
    _noting("request_removed", pgtrigger.Delete, "SELECT id, NULL::uuid FROM before", old="before"),
]
