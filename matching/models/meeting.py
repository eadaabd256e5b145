"""SQL for persons who must not meet, and the triggers that keep them apart in matches.

Two kinds of rows say so: `MustNotMeet`, by which one person names another, and `KeptApart`, written when one of an arrival and
a host did not feel safe. Both are read as pairs of users, each pair in both directions. One person may have several accounts:
two users with a contact in common count as one person here.
"""

from __future__ import annotations

import pgtrigger

from deployment.locks import Lock, taken_in_triggers
from matching.states import GONE_ON, HOLDS_BEDS


def sql_list(words: frozenset[str]) -> str:
    """Return the words as a list of SQL literals."""
    return ", ".join(f"'{word}'" for word in sorted(words))


HOLDING = sql_list(frozenset(HOLDS_BEDS))

GOES_FORWARD = f"""
        (NEW.status <> OLD.status AND NEW.status IN ({sql_list(frozenset(GONE_ON))}))
        OR (NEW.approved_by_id IS NOT NULL AND NEW.approved_by_id IS DISTINCT FROM OLD.approved_by_id)
        OR (NEW.also_approved_by_id IS NOT NULL AND NEW.also_approved_by_id IS DISTINCT FROM OLD.also_approved_by_id)
        OR (NEW.host_accepted_at IS NOT NULL AND NEW.host_accepted_at IS DISTINCT FROM OLD.host_accepted_at)
        OR (NEW.arrival_accepted_at IS NOT NULL AND NEW.arrival_accepted_at IS DISTINCT FROM OLD.arrival_accepted_at)"""
"""SQL for an update of a match: an approval, a yes or a forward move."""


def same_person(user: str) -> str:
    """Return SQL for the ids of all accounts of one person; `user` is an expression for the id of one of them."""
    return f"""(SELECT {user} AS id UNION
        SELECT of_other.user_id FROM notifications_contactpoint AS of_one JOIN notifications_contactpoint AS of_other
            ON of_other.channel = of_one.channel AND of_other.address_index = of_one.address_index
         WHERE of_one.user_id = {user} AND of_one.address_index <> '')"""


NAMED_PAIRS = """
    SELECT entry.by_id AS one, found.user_id AS other
      FROM matching_mustnotmeet AS entry JOIN matching_mustnotmeetfound AS found ON found.entry_id = entry.id
     WHERE entry.taken_back_at IS NULL
    UNION ALL SELECT found.user_id AS one, entry.by_id AS other
      FROM matching_mustnotmeet AS entry JOIN matching_mustnotmeetfound AS found ON found.entry_id = entry.id
     WHERE entry.taken_back_at IS NULL"""
"""SQL: pairs of users of whom one has named the other, in both directions."""

APART = f"""{NAMED_PAIRS}
    UNION ALL SELECT arrival.user_id AS one, host.user_id AS other
      FROM matching_keptapart AS kept JOIN accounts_arrival AS arrival ON arrival.id = kept.arrival_id
      JOIN accounts_host AS host ON host.id = kept.host_id WHERE kept.taken_back_at IS NULL
    UNION ALL SELECT host.user_id AS one, arrival.user_id AS other
      FROM matching_keptapart AS kept JOIN accounts_arrival AS arrival ON arrival.id = kept.arrival_id
      JOIN accounts_host AS host ON host.id = kept.host_id WHERE kept.taken_back_at IS NULL"""
"""SQL: all pairs of users who must not meet, in both directions."""

ANYBODY_APART = "(EXISTS (SELECT FROM matching_mustnotmeetfound) OR EXISTS (SELECT FROM matching_keptapart))"
"""SQL: whether there is any pair at all. Where there is none, nothing else is looked up, nor planned by a trigger."""


def brings_together(match: str, pairs: str) -> str:
    """Return SQL: whether a match joins two persons of `pairs`, as arrival and host or as arrivals on nights in one space.

    `match` is the name of its row, with id, request_id, space_id, first_night and last_day.
    """
    return f"""({ANYBODY_APART} AND EXISTS (
        SELECT FROM matching_shelterrequest AS asked
          JOIN accounts_arrival AS asker ON asker.id = asked.arrival_id
          CROSS JOIN LATERAL {same_person("asker.user_id")} AS me
          JOIN ({pairs}) AS pair ON pair.one = me.id
          JOIN matching_space AS room ON room.id = {match}.space_id
          JOIN accounts_host AS landlord ON landlord.id = room.host_id
         WHERE asked.id = {match}.request_id AND pair.other <> me.id AND (
             EXISTS (SELECT FROM {same_person("landlord.user_id")} AS them WHERE them.id = pair.other)
             OR EXISTS (
                 SELECT FROM matching_match AS stay
                   JOIN matching_shelterrequest AS of_them ON of_them.id = stay.request_id
                   JOIN accounts_arrival AS their ON their.id = of_them.arrival_id
                   CROSS JOIN LATERAL {same_person("their.user_id")} AS them
                  WHERE stay.space_id = {match}.space_id AND stay.id <> {match}.id AND stay.status IN ({HOLDING})
                    AND stay.first_night < {match}.last_day AND {match}.first_night < stay.last_day
                    AND their.id <> asker.id AND them.id = pair.other))))"""


# -- for planning -----------------------------------------------------------------------------------

_PAIRS = f"""
    SELECT request.id AS request_id, space.id AS space_id
      FROM apart JOIN accounts_arrival AS arrival ON arrival.user_id = apart.one
      JOIN matching_shelterrequest AS request ON request.arrival_id = arrival.id
      JOIN accounts_host AS host ON host.user_id = apart.other
      JOIN matching_space AS space ON space.host_id = host.id
     WHERE {{which}}
     UNION SELECT request.id AS request_id, space.id AS space_id
      FROM apart JOIN accounts_arrival AS arrival ON arrival.user_id = apart.one
      JOIN matching_shelterrequest AS request ON request.arrival_id = arrival.id
      JOIN accounts_arrival AS their ON their.user_id = apart.other
      JOIN matching_shelterrequest AS of_them ON of_them.arrival_id = their.id
      JOIN matching_match AS stay ON stay.request_id = of_them.id AND stay.status IN ({HOLDING})
       AND stay.first_night < request.first_night + request.nights AND request.first_night < stay.last_day
      JOIN matching_space AS space ON space.id = stay.space_id AND space.shared
     WHERE {{which}}"""

APART_OF_ALL = f"""
    WITH apart AS (
        SELECT DISTINCT me.id AS one, them.id AS other
          FROM ({APART}) AS pair
          CROSS JOIN LATERAL {same_person("pair.one")} AS me CROSS JOIN LATERAL {same_person("pair.other")} AS them
         WHERE me.id <> them.id)
    {_PAIRS.format(which="true")}"""
"""SQL: every (request, space) that must not be matched: the host, or an arrival who stays there on its nights, is apart."""

APART_OF_REQUESTS = f"""
    WITH apart AS (
        SELECT DISTINCT arrival.user_id AS one, them.id AS other
          FROM matching_shelterrequest AS request JOIN accounts_arrival AS arrival ON arrival.id = request.arrival_id
          CROSS JOIN LATERAL {same_person("arrival.user_id")} AS me
          JOIN ({APART}) AS pair ON pair.one = me.id
          CROSS JOIN LATERAL {same_person("pair.other")} AS them
         WHERE request.id = ANY(%(ids)s::uuid[]) AND them.id <> arrival.user_id AND {ANYBODY_APART})
    {_PAIRS.format(which="request.id = ANY(%(ids)s::uuid[])")}"""
"""The same for the requests `ids`; it begins with them, and so takes no longer where many others are kept apart."""

LIVE_MEETINGS = f"""
    WITH apart AS (
        SELECT DISTINCT me.id AS one FROM ({NAMED_PAIRS}) AS pair CROSS JOIN LATERAL {same_person("pair.one")} AS me)
    SELECT live.id
      FROM apart JOIN accounts_arrival AS arrival ON arrival.user_id = apart.one
      JOIN matching_shelterrequest AS request ON request.arrival_id = arrival.id
      JOIN matching_match AS live ON live.request_id = request.id AND live.status IN ({HOLDING})
     WHERE live.frozen_at IS NULL AND {brings_together("live", NAMED_PAIRS)}
     ORDER BY live.space_id, live.id"""
"""SQL: the live matches that bring together two persons of whom one has named the other."""

MEETS = (
    "SELECT live.id FROM matching_match AS live"
    f" WHERE live.id = ANY(%(ids)s::uuid[]) AND {brings_together('live', NAMED_PAIRS)}"
)
"""SQL: those of some matches that do."""

FIND_AGAIN = """
    INSERT INTO matching_mustnotmeetfound (entry_id, user_id)
    SELECT entry.id, point.user_id
      FROM matching_mustnotmeet AS entry JOIN notifications_contactpoint AS point
        ON point.channel = entry.channel AND point.address_index = entry.address_index
     WHERE entry.taken_back_at IS NULL AND entry.address_index <> '' AND point.user_id <> entry.by_id {which}
        ON CONFLICT DO NOTHING;"""
"""SQL: note the users who are reached by a contact that somebody has named. They stay noted when they change the contact."""


# -- triggers ---------------------------------------------------------------------------------------

# An entry and a proposal side by side: whichever is second sees what the first has written. The entry's transaction takes the
# lock before it locks any row that a proposal locks, and so waits for nobody who waits for it.
_ONE_ENTRY = taken_in_triggers(Lock.MEETING)
_MANY_MATCHES = taken_in_triggers(Lock.MEETING, shared=True)

MATCH_KEPT_APART = pgtrigger.Trigger(
    name="match_kept_apart",
    when=pgtrigger.After,
    operation=pgtrigger.Insert | pgtrigger.UpdateOf("space_id", "request_id", "first_night", "last_day"),
    func=f"""
    IF TG_OP = 'UPDATE' THEN
        IF (OLD.space_id, OLD.request_id, OLD.first_night, OLD.last_day)
                = (NEW.space_id, NEW.request_id, NEW.first_night, NEW.last_day) THEN
            RETURN NULL;
        END IF;
    END IF;
    IF NEW.status IN ({HOLDING}) AND NEW.frozen_at IS NULL THEN
        {_MANY_MATCHES}
        IF {ANYBODY_APART} THEN
            IF {brings_together("NEW", APART)} THEN
                RAISE EXCEPTION 'no room left in space % for match %', NEW.space_id, NEW.id
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'match_kept_apart';
            END IF;
        END IF;
    END IF;
    RETURN NULL;
    """,
)

MATCH_GOES_ON_APART = pgtrigger.Trigger(
    # An entry that names the other side of a live match stops every forward move of it. `KeptApart` does not: two people may
    # agree that such a match goes on.
    name="match_goes_on_apart",
    when=pgtrigger.Before,
    operation=pgtrigger.UpdateOf(
        *("status", "approved_by_id", "also_approved_by_id", "host_accepted_at", "arrival_accepted_at")
    ),
    func=f"""
    IF {GOES_FORWARD} THEN
        {_MANY_MATCHES}
        IF {ANYBODY_APART} THEN
            IF {brings_together("NEW", NAMED_PAIRS)} THEN
                RAISE EXCEPTION 'match % cannot go on now', NEW.id
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'match_goes_on_apart';
            END IF;
        END IF;
    END IF;
    RETURN NEW;
    """,
)

ENTRY_WAITS_FOR_MATCHES = pgtrigger.Trigger(
    name="entry_waits_for_matches",
    when=pgtrigger.Before,
    operation=pgtrigger.Insert,
    func=f"{_ONE_ENTRY} RETURN NEW;",
)

ENTRY_FINDS = pgtrigger.Trigger(
    name="entry_finds",
    when=pgtrigger.After,
    operation=pgtrigger.Insert | pgtrigger.UpdateOf("channel", "address_index"),
    func=f"{FIND_AGAIN.format(which='AND entry.id = NEW.id')} RETURN NULL;",
)

CONTACT_IS_FOUND = pgtrigger.Trigger(
    # A contact that is registered later is found by the entries that name it.
    name="contact_is_found",
    when=pgtrigger.After,
    operation=pgtrigger.Insert | pgtrigger.UpdateOf("channel", "address_index", "user_id"),
    func=f"""
    IF NEW.address_index <> '' AND EXISTS (SELECT FROM matching_mustnotmeet
            WHERE channel = NEW.channel AND address_index = NEW.address_index AND taken_back_at IS NULL) THEN
        {FIND_AGAIN.format(which="AND point.id = NEW.id")}
    END IF;
    RETURN NULL;
    """,
)


# -- changes, for workers that keep the market in memory ----------------------------------------------


def _requests_of(users: str, where: str) -> str:
    return f"""
    SELECT request.id, NULL::uuid
      FROM {users}
      JOIN accounts_arrival AS arrival ON arrival.user_id = person.id
      JOIN matching_shelterrequest AS request ON request.arrival_id = arrival.id
     WHERE {where}"""


def _of_sides(rows: str, one: str, other: str) -> str:
    both = f"CROSS JOIN LATERAL (VALUES ({one}), ({other})) AS side (id)"
    return _requests_of(f"{rows} {both} CROSS JOIN LATERAL {same_person('side.id')} AS person", "true")


REQUESTS_OF_FOUND = _of_sides(
    "written JOIN matching_mustnotmeet AS entry ON entry.id = written.entry_id", "entry.by_id", "written.user_id"
)
REQUESTS_OF_ENTRIES = _of_sides(
    "written JOIN matching_mustnotmeetfound AS found ON found.entry_id = written.id", "written.by_id", "found.user_id"
)
REQUESTS_OF_KEPT_APART = _of_sides(
    """written JOIN accounts_arrival AS one ON one.id = written.arrival_id
      JOIN accounts_host AS other ON other.id = written.host_id""",
    "one.user_id",
    "other.user_id",
)


def _of_the_others(rows: str, user: str) -> str:
    """Return SQL for the requests of everybody who must not meet the `user` of these rows."""
    return _requests_of(
        f"""{rows} CROSS JOIN LATERAL {same_person(user)} AS me
      JOIN ({APART}) AS pair ON pair.one = me.id
      CROSS JOIN LATERAL {same_person("pair.other")} AS person""",
        ANYBODY_APART,
    )


REQUESTS_APART_FROM_SPACES = _of_the_others(
    "written JOIN accounts_host AS host ON host.id = written.host_id", "host.user_id"
)
"""A space of a host who is kept apart from somebody is forbidden to that person's requests."""

REQUESTS_APART_FROM_MATCHES = _of_the_others(
    """written JOIN matching_space AS space ON space.id = written.space_id AND space.shared
      JOIN matching_shelterrequest AS asked ON asked.id = written.request_id
      JOIN accounts_arrival AS asker ON asker.id = asked.arrival_id""",
    "asker.user_id",
)
"""A shared space in which an arrival stays is forbidden to the requests of those who must not meet them."""
