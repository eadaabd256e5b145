"""Numbers that several files must agree on, each defined once. Migrations keep the numbers of their time."""

from __future__ import annotations

from datetime import timedelta

LONGEST_STAY = 730
"""Nights (two years). A request may ask for no more, so a request whose first night lies longer ago than that is over."""

FARTHEST_FIRST_NIGHT = 730
"""Days ahead (two years). The engine's arrays have a place for every night up to the last night that a request asks for."""

LONGEST_LIMIT = 3_650
"""Nights (ten years). A space's longest stay may be at most this; an empty cell means no limit."""

LONGEST_WINDOW = 1_100
"""Nights: three years. A longer window is a slip, or a promise that nobody can keep."""

MOST_WINDOWS = 100
"""The most windows of one space. Whoever offers more runs of nights has pasted a whole calendar."""

MOST_PEOPLE = 100
"""The largest number of people in one household."""

MOST_BEDS = 500
"""The largest number of beds in one space."""

DEFAULT_RADIUS_KM = 50.0
"""Kilometres. How far a space may be, for a request that gives no distance."""

WIDEST_RADIUS_KM = 1_000.0
"""Kilometres. The largest distance that a form accepts."""

OF_AGE = 18
"""Years. A younger person counts as a child."""

LONGEST_NOTE = 2_000
"""Characters. The longest note that somebody may write for the coordinators."""

LONGEST_REASON = 200
"""Characters. The longest reason of one line that a door takes."""

LONGEST_ADDRESS = 500
"""Characters. The longest address of a space."""

LONGEST_DIRECTIONS = 1_000
"""Characters. The longest description of the way to the door of a space."""

LONGEST_NAME = 120
"""Characters. The longest name of a person."""

LONGEST_CONTACT = 254
"""Characters. The longest e-mail address that mail can reach (RFC 5321, erratum 1690 of RFC 3696). A phone number is shorter."""

LONGEST_TYPED_SECRET = 60
"""Characters. The longest case number, or secret of a case, as people type them: with spaces or dashes between the digits."""

ANSWER_KEPT = timedelta(days=1)
"""How long a creating POST of the API that comes again gets the answer it got before."""

TAKEN_BACK_KEPT = timedelta(days=30)
"""How long an entry that was taken off a list of people not to be met is counted, so that nobody tries contact after contact."""

CHANGES_KEPT = timedelta(hours=12)
"""Twice as long as any worker goes without reading which requests and spaces have changed (`matching.worker.placing`)."""

NEUTRAL_WORDS_AFTER = (20, 90)
"""When one side does not feel safe, the other side reads neutral words so many minutes later, drawn by lot (least, most)."""

REQUESTS_AN_HOUR = 300
"""Requests and cases from one network address in an hour: a hall of people who ask from one address, and no more."""

REQUESTS_A_MINUTE = 20
"""Requests and cases from one network address in a minute: whoever invents them by a program is slowed to this."""

REQUESTS_FLAGGED = 60
"""So many requests and cases from one network address in an hour raise a flag for coordinators."""
