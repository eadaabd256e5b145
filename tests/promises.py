"""The promises of the source English, each under the row that makes it true, and what looks like a promise and is none."""

from __future__ import annotations

ROWS = {
    "MustNotMeet": ("tests/integration/test_apart.py", "test_live_match_does_not_go_forward"),
    "call_list.UNVETTED": ("tests/integration/test_vetting.py", "test_calls_come_in_the_order_of_need"),
    "call_list.CHECK": ("tests/integration/test_vetting.py", "test_calls_come_in_the_order_of_need"),
    "call_list.BROKEN_OFF": (
        "tests/integration/test_promised_calls.py",
        "test_host_whose_stay_was_broken_off_is_called_until_reached",
    ),
    "call_list.SUSPENDED": (
        "tests/integration/test_promised_calls.py",
        "test_suspended_host_is_called_until_reached_and_the_page_says_so_as_long",
    ),
    "Host.status": ("tests/integration/test_worker.py", "test_space_that_may_not_be_matched_is_not"),
    "ShelterRequest.desk_since, is_minor_alone": (
        "tests/integration/test_not_safe.py",
        "test_household_whose_host_reports_is_placed_by_people_only",
    ),
    "ShelterRequest.urgency": (
        "tests/integration/test_not_safe.py",
        "test_arrival_who_reports_is_planned_anew_at_once_and_elsewhere",
    ),
    "ShelterRequest.urgency after a stay": (
        "tests/integration/test_worker.py",
        "test_broken_off_stay_is_matched_anew_for_the_nights_left_and_more_urgently",
    ),
    "MatchingDue": (
        "tests/integration/test_worker_at_once.py",
        "test_declined_household_gets_another_space_and_the_space_another_household",
    ),
    "ShelterRequest.notes": (
        "tests/integration/web/test_where.py",
        "test_unknown_place_leads_on_to_what_is_near_and_is_passed_on",
    ),
    "MatchingDue of a new request": (
        "tests/integration/test_worker_at_once.py",
        "test_new_request_gets_what_the_engine_says_without_a_round",
    ),
    "ShelterRequest.withdrawn_at": (
        "tests/integration/test_promised_calls.py",
        "test_household_whose_request_a_coordinator_withdraws_is_not_promised_a_search",
    ),
    "Match of the longer stay": (
        "tests/integration/web/test_dates.py",
        "test_longer_stay_is_proposed_in_the_same_space_as_a_new_leg",
    ),
    "PendingDecision of a first evening": (
        "tests/integration/test_first_evening.py",
        "test_own_word_is_taken_back_within_the_minute_and_nobody_hears",
    ),
    "Match.due_at": (
        "tests/integration/test_worker.py",
        "test_overdue_match_expires_and_the_people_who_were_asked_are_told",
    ),
    "PersonErasure: what has not begun ends": (
        "tests/integration/test_erasure.py",
        "test_matches_that_have_not_begun_end_and_the_other_side_is_told",
    ),
    "PersonErasure: guests are planned anew": (
        "tests/integration/test_erasure.py",
        "test_guests_of_a_host_who_leaves_are_planned_anew",
    ),
    "WaitingChange": (
        "tests/integration/test_waiting_changes.py",
        "test_change_of_what_was_vetted_waits_through_every_door",
    ),
    "WaitingChange of a new space": ("tests/integration/test_new_spaces.py", "test_new_space_waits_through_every_door"),
    "Space": ("tests/integration/web/test_space_offer.py", "test_one_answer_is_changed_and_the_others_stay"),
    "Space.status": ("tests/integration/test_worker.py", "test_space_that_may_not_be_matched_is_not"),
    "Space.fresh_until": ("tests/integration/test_worker.py", "test_silent_host_is_not_matched_again_before_answering"),
    "Space.max_nights": (
        "tests/integration/web/test_dates.py",
        "test_longer_stay_than_the_host_allows_is_not_proposed_there",
    ),
    "Incident.next_step_at": (
        "tests/integration/test_incidents.py",
        "test_steps_page_the_rungs_in_order_and_never_a_party",
    ),
    "Incident.next_step_at after acknowledging": (
        "tests/integration/test_incident_outcomes.py",
        "test_no_outcome_in_time_pages_the_next_rung_and_the_reporter_reads_so",
    ),
    "IncidentReport.promised_at": ("tests/integration/test_incidents.py", "test_reporter_is_told_what_rows_say"),
    "AccessLog": (
        "tests/integration/web/test_host.py",
        "test_contact_opens_once_it_is_agreed_and_every_look_is_logged",
    ),
    "Notification to leads": (
        "tests/integration/test_looks.py",
        "test_half_the_budget_is_told_to_the_other_leads_once_a_day",
    ),
    "Draft": ("tests/integration/test_retention.py", "test_draft_of_a_case_is_erased_after_its_days"),
    "Decision": (
        "tests/integration/test_decisions.py",
        "test_approval_is_carried_out_when_its_time_has_come_and_not_before",
    ),
}
"""Each row with the test, as (file, name), which shows that the act follows from it."""

PROMISES = {
    "PersonErasure: what has not begun ends": [
        "requests and spaces are withdrawn; stays that have not begun are cancelled, and the other side is told",
    ],
    "PersonErasure: guests are planned anew": [
        "The household reads that it is cancelled, and we look for another place for it.",
        "your spaces: nobody is sent to them any more",
    ],
    "MustNotMeet": [
        "Nothing of these goes forward, and neither side is told why.",
    ],
    "call_list.UNVETTED": [
        "A coordinator calls you on your phone.",
        "A coordinator sees a document of yours with a picture; no copy is kept.",
        "A coordinator sees the space in a video call.",
        "A coordinator talks to you before anyone is sent to you, and you decide about each household yourself.",
        "A coordinator talks to you before anyone is sent to you.",
        "A coordinator visits the space.",
        "A coordinator will talk to you first.",
    ],
    "call_list.CHECK": [
        "A coordinator will get in touch with you; it takes a few minutes.",
    ],
    "call_list.BROKEN_OFF": [
        "A coordinator will get in touch with you.",
        "a stay ended early, and a call was promised",
    ],
    "call_list.SUSPENDED": [
        "A coordinator will get in touch with you and say why.",
        "A coordinator will get in touch.",
        "A coordinator will talk to you.",
        "is suspended, and a call was promised",
    ],
    "Host.status": [
        "What is checked before anyone is sent to a host",
        "From now on we may ask you.",
        "From now on we may send you questions; each says by when we need your answer, and a no is always fine.",
        "Nobody is sent to them before they are vetted: put the checks on record on their page.",
        "Until then we ask you about nobody.",
        "We pause our questions to you.",
    ],
    "ShelterRequest.desk_since, is_minor_alone": [
        "About children and young people who are alone, people decide and not a program.",
        "A coordinator looks for another place for you personally.",
        "A host did not feel safe with this household: only people decide.",
        "Children alone: only people decide.",
        "Coordinators look for another place for the household.",
        "People decide about it, not a program.",
        "a child alone: only people decide",
        "only people decide: children alone, or a host did not feel safe",
    ],
    "ShelterRequest.urgency": [
        "We are looking for another place for you, before all others.",
    ],
    "ShelterRequest.urgency after a stay": [
        "We are already looking for something else for you, ahead of others.",
        "We are looking for a place for the remaining nights.",
        "We are looking for something else for you.",
    ],
    "MatchingDue": [
        "A no is fine too; if it comes soon, we can ask somebody else in time.",
        "If it does not suit you, say no: nothing bad follows from it, and we go on looking.",
        "If that is a mistake, or if you still need us, say so on your page, and we go on at once.",
        "Thank you for being ready; we will ask you again when you are needed.",
        "We are looking for another one if you still need it.",
        "We are looking for another one.",
        "We go on looking for you.",
        "We go on looking right away and tell you as soon as there is something else.",
        "We go on looking right away.",
        "You have a request already, {case}, and we go on looking.",
        "We may ask you about households again.",
    ],
    "ShelterRequest.notes": [
        "A coordinator will read what you wrote.",
    ],
    "MatchingDue of a new request": [
        "If one place is not free for all of it, we can move to another one",
        "The more you can accept, the sooner we find something.",
        "We are looking and will tell you.",
        "We are looking for a place all the time, and a coordinator checks each one before we ask you.",
        "We have not found a place yet, and go on looking.",
        "We look around this place.",
        "We look for enough beds for all of you.",
        "You need not ask again: as soon as there is something, we will tell you.",
        "Your request {case} has reached us, and we are looking.",
        "not known yet; we look for %(nights)s night, and you can change that later",
        "not known yet; we look for %(nights)s nights, and you can change that later",
    ],
    "ShelterRequest.withdrawn_at": [
        "We look for nothing more for you.",
        "We stop looking, and every stay agreed for this request is cancelled.",
        "Your request has been withdrawn, and we look for nothing more for you.",
    ],
    "Match of the longer stay": [
        "We ask there first for the nights after it.",
    ],
    "PendingDecision of a first evening": [
        "It counts in a minute; until then nobody else is told.",
    ],
    "Match.due_at": [
        "They answer.",
        "held: somebody is asked",
        "the host is asked",
        "the household is asked",
    ],
    "WaitingChange": [
        "A coordinator looks at it first; until then all is as agreed, and you need not do anything.",
        "If it is applied, we tell you.",
    ],
    "WaitingChange of a new space": [
        "A coordinator looks at this space first.",
        "Until somebody has looked, nobody is sent there.",
        "Until then we ask you about nobody for it.",
    ],
    "Space": [
        "Change it here if it is not right, and we ask you only about them.",
        "Change it here, and we ask you only about households that fit.",
        "Change them here, and we ask you only about those.",
        "We ask you only about households that fit.",
    ],
    "Space.status": [
        "Pause the space, and we ask you about nobody until you list it again.",
        "We ask you about no new household until you list it again.",
        "We stop asking you about this space.",
    ],
    "Space.fresh_until": [
        "Days until a host is asked whether the space still stands",
        "We ask no more until you tell us that your offer still stands.",
        "We have had no answer, so we ask you no more until you tell us that your offer still stands.",
        ("Without an answer we stop asking you, so that nobody hopes in vain; you can take it up again at any time."),
    ],
    "Space.max_nights": [
        "They are told before they come.",
    ],
    "Incident.next_step_at": [
        "If anything worries you or you do not feel safe, one tap on your page calls whoever is on call.",
        "Minutes until we call again and call one more, when somebody does not feel safe",
        "Open the page below and tap “I look after it”: until somebody does, we go on calling.",
        "This message comes again until one of them says at the desk that they look after it.",
        "Those on call are being told now.",
        (
            "We call whoever is on call, then the next in the rota, the lead coordinators and the emergency "
            "contact, each time one step further, until somebody acknowledges."
        ),
        "We try again every few minutes.",
    ],
    "Incident.next_step_at after acknowledging": [
        "Minutes for whoever looks after it to write down what came of it, before we call others again",
        "What came of it is to be written down by %(when)s; otherwise others are called again.",
        "Write down by %(when)s what came of it; otherwise others are called again.",
        "Write down here in time what came of it; otherwise others are called again.",
        "no outcome followed in time; others are called again",
    ],
    "IncidentReport.promised_at": [
        "I will call: %(who)s",
        "Nobody has promised to call you.",
        "They will call you.",
        "a call was promised",
        "a call was promised at %(when)s",
    ],
    "AccessLog": [
        "It is noted each time somebody looks.",
    ],
    "Notification to leads": [
        (
            "Lead coordinators are told when somebody has opened half as many, when somebody opens them at "
            "night, and when somebody opens those of a person outside their places."
        ),
    ],
    "Draft": [
        "We keep the answers for %(days)s day after the last one, and then erase them.",
        "We keep the answers for %(days)s days after the last one, and then erase them.",
    ],
    "Decision": [
        "%(counter)s household will be approved.",
        "%(counter)s household will be declined:",
        "%(counter)s households will be approved.",
        "%(counter)s households will be declined:",
    ],
}

NO_PROMISE = {
    "A lead coordinator decides.",
    "You have promised to look after somebody who does not feel safe.",
    "Somebody has said whom they must not meet, and a coordinator is needed: to find out who bears a name, or to look "
    "at a plan that brings the two together.",
    "(not required; only coordinators read it)",
    "A women-only space can be asked for only by a household of women.",
    "Acknowledge the incident first, so that the others know that somebody looks at it.",
    "All of them, and why the others are impossible",
    "Another coordinator has to refuse as well.",
    "Another coordinator has to refuse as well; until then the host stays as they are.",
    "Another coordinator is looking at this.",
    "Any name will do.",
    "Before anyone is sent to you",
    "Before you open more, a lead coordinator has to agree: on your page among the coordinators.",
    "Beyond this number a lead coordinator has to agree, on the coordinator's page.",
    "Cancel: we are not coming",
    "Choose at least one check: nobody may be sent to an unchecked host.",
    "For your safety a page can be sent only for a while.",
    "If you are already on the way, get in touch with a coordinator from your page now.",
    "If you think that it is a mistake, please speak with the coordinator you have been in touch with.",
    (
        "Install an authenticator app on your phone, if you have none: any app for six-digit codes will "
        "do (Aegis, FreeOTP, Google Authenticator, 2FAS)."
    ),
    "May we write to you?",
    "Messages are due and are not being sent.",
    "Nobody is asked again.",
    "Nobody is left to be called today.",
    "Nobody was there to be called.",
    "Nobody who can be called is on call for every place of a stay at these hours:",
    "Nothing is sent yet.",
    "Only coordinators read this.",
    ("Open this link and choose a password; nobody else will know it: {code} The link works once, for three days."),
    "Others see that you are looking at it.",
    "Please get in touch today and agree on the time.",
    "Please look now, and get in touch with everybody who is concerned.",
    "Promised to",
    "The gazetteer's next version will leave this place as you left it.",
    "Then you are asked for six digits from the app on your phone.",
    "They left neither phone nor e-mail: coordinators answer for them.",
    "We are back soon",
    "We are sorry that it did not work out.",
    "We are sorry: the last option did not work out.",
    "We are sorry: the plan has been cancelled.",
    "We are working on the service for a few minutes.",
    "We ask about ten short questions about the place, then your name and how we reach you.",
    "We can move once from one place to another",
    "We can sleep in two places near each other",
    "We need a place where we may smoke",
    "We pause a stay now and then, for different reasons.",
    "We send a code to the phone or e-mail you gave us.",
    "What else it is called, one name a line",
    "What shall we call you?",
    (
        "What somebody has changed since, or what a match stands on that somebody has decided on, stays, "
        "and you are told which and why."
    ),
    "With both they see on any phone what happens; without them they call again and give the case number.",
    "You can be called there.",
    "You cannot withdraw it while somebody is there or expected.",
    "You invited this person: another lead coordinator has to confirm them.",
    "You sign in with a code that we send there.",
    "being sent",
    "too late to be told",
    "will call back",
}
"""Refusals, labels, what a reader is asked to do, and what a page says of itself."""
