"""English."""

from notifications.texts.words import Words

LANGUAGE = "en"
MOMENT = "j E, H:i"
SHORT_MOMENT = "j M, H:i"
CODE_SUBJECT = "Your code"
DATES = "From the evening of {first} to the morning of {last}."
ANSWER_BY = "Please answer by {by}."
ONE_TAP = "Answer with one tap (do not forward this link): {url}"
PAGE = "Your page: {url}"
TEXTS = {
    "request_received": Words(
        "We have your request {case}. We are looking and will tell you.",
        "Your request {case} has reached us, and we are looking. You need not ask again: as soon as there is "
        "something, we will tell you. On your page you can change the dates or withdraw it.",
    ),
    "asked_already": Words(
        "You have a request already: {case}. No need to ask again.",
        "You have a request already, {case}, and we go on looking. Somebody has just asked again with this "
        "contact. If it was you, use the first request. If it was not, you need not do anything.",
    ),
    "minor_alone": Words(
        "URGENT: case {case} needs a coordinator now.",
        "Case {case} is never handled automatically. Please open it now, or agree with another coordinator who does.",
    ),
    "proposals_waiting": Words(
        "Proposals are waiting for your decision.",
        "There are new proposals in your queue. People on both sides wait for your decision, and each has its time.",
    ),
    "handed_over": Words(
        "Case {case} was handed over to you.",
        "Another coordinator has handed case {case} over to you, perhaps with a note. For four hours it waits among what is "
        "yours in the queue; then anybody may take it. If you cannot, hand it on or give it back.",
    ),
    "host_asked": Words(
        "There is a question for you. Please answer by {by}.",
        "Your help is needed. The question is on your page: please look at it and say yes or no. A no is fine too; "
        "if it comes soon, we can ask somebody else in time.",
    ),
    "arrival_asked": Words(
        "We have found something for you. Please answer by {by}.",
        "Good news: we have found something for you. Please look at it on your page and say yes or no. If it does "
        "not suit you, say no: nothing bad follows from it, and we go on looking.",
    ),
    "host_confirmed": Words(
        "Both sides have said yes. The details are on your page.",
        "Both sides have said yes. Thank you! Your page now shows how you can reach each other. Please get in touch "
        "today and agree on the time. If something comes up, say so on your page.",
    ),
    "arrival_confirmed": Words(
        "Both sides have said yes. The details are on your page.",
        "Both sides have said yes. Your page now shows where to go and how you can reach each other. Please get in "
        "touch today and agree on the time. If something comes up, say so on your page.",
    ),
    "host_declined": Words(
        "It has turned out differently. Nothing to do for you. Thank you!",
        "What we asked you about has turned out differently, and nothing is expected of you. Thank you for being "
        "ready; we will ask you again when you are needed.",
    ),
    "arrival_declined": Words(
        "That one did not work out. We go on looking for you.",
        "We are sorry: the last option did not work out. We go on looking right away and tell you as soon as there "
        "is something else.",
    ),
    "host_expired": Words(
        "Not every answer came in time. The question is closed. Thank you!",
        "Not every answer came in time, so the question is closed, and nothing is expected of you. If you need a "
        "pause, say so on your page.",
    ),
    "arrival_expired": Words(
        "Not every answer came in time. We go on looking for you.",
        "Not every answer came in time, so this option is closed. We go on looking right away. Please look at your "
        "page now and then, so that you can answer the next one in time.",
    ),
    "host_cancelled": Words(
        "The plan is cancelled. Please look at your page.",
        "The plan has been cancelled, and you need not prepare anything. Thank you for being ready.",
    ),
    "arrival_cancelled": Words(
        "The plan is cancelled. We go on looking for you.",
        "We are sorry: the plan has been cancelled. Please do not set out. We go on looking right away. If you are "
        "already on the way, get in touch with a coordinator from your page now.",
    ),
    "arrival_withdrawn": Words(
        "Your request is withdrawn. We look for nothing more for you.",
        "Your request has been withdrawn, and we look for nothing more for you. Please do not set out. If you still need "
        "us, open your page and ask again.",
    ),
    "host_checked_in": Words(
        "All began as planned. Thank you!",
        "It is noted that all began as planned. Thank you! If anything worries you or you do not feel safe, one tap on "
        "your page calls whoever is on call.",
    ),
    "arrival_checked_in": Words(
        "All began as planned. We wish you well!",
        "It is noted that all began as planned. If anything worries you or you do not feel safe, one tap on your "
        "page calls whoever is on call.",
    ),
    "arrival_no_show": Words(
        "It is noted that you did not come. Do you still need us?",
        "It is noted that you did not come. If that is a mistake, or if you still need us, say so on your page, and "
        "we go on at once. We hope you are well.",
    ),
    "coordinator_no_show": Words(
        "Somebody did not come. Please have a look.",
        "Somebody who was expected did not come. Please find out whether they are well and whether they still need us.",
    ),
    "host_completed": Words(
        "All ended as planned. Thank you from all of us!",
        "All ended as planned. Thank you from all of us: your help mattered. If you need a pause before the next "
        "time, say so on your page.",
    ),
    "arrival_completed": Words(
        "All ended as planned. We wish you well!",
        "All ended as planned. We wish you well! If you need us again, open your page.",
    ),
    "host_broken_off": Words(
        "It has ended early. A coordinator will get in touch with you.",
        "It has ended earlier than planned. That happens, and nobody need be to blame. A coordinator will get in "
        "touch with you.",
    ),
    "arrival_broken_off": Words(
        "It has ended early. We are looking for something else for you.",
        "It has ended earlier than planned. We are already looking for something else for you, ahead of others. If "
        "you do not feel safe, one tap on your page is enough.",
    ),
    "coordinator_broken_off": Words(
        "URGENT: something has ended early. Please look now.",
        "Something has ended earlier than planned, and somebody needs another solution today. Please look at the "
        "case and speak with both sides.",
    ),
    "not_safe": Words(
        "URGENT: somebody does not feel safe. Please look now.",
        "Somebody does not feel safe, and what was agreed is on hold. Open the page below and tap “I look after it”: "
        "until somebody does, we go on calling. Please speak with them before you speak with the other side. If anybody "
        "is in danger, call 112.",
    ),
    "not_safe_emergency": Words(
        "URGENT: nobody on call has answered. Somebody needs help.",
        "Somebody does not feel safe, and nobody on call has answered yet. Please reach a coordinator now, in whatever "
        "way you can. This message comes again until one of them says at the desk that they look after it. If anybody is "
        "in danger, call 112.",
    ),
    "nobody_on_call": Words(
        "Nobody is on call at this hour. Please find somebody.",
        "Nobody who can be reached is on call at this hour. Please ask a lead coordinator to change that. Until then "
        "urgent messages come to you sooner.",
    ),
    "looks_unusual": Words(
        "Please look at the audit pages: somebody opened unusually much.",
        "A coordinator has opened an unusual number of personal fields, or at an unusual hour, or outside their "
        "places. Please look at the pages of the audit and ask them.",
    ),
    "match_frozen": Words(
        "We put this on hold and told a coordinator. Look at your page.",
        "We put what was agreed on hold and told a coordinator. Nothing is expected of you. Your page says how it "
        "stands. If you are in danger, call 112.",
    ),
    "host_vetted": Words(
        "All checks are done. Thank you! From now on we may ask you.",
        "All checks are done. Thank you! From now on we may send you questions; each says by when we need your "
        "answer, and a no is always fine. On your page you can pause at any time.",
    ),
    "host_refused": Words(
        "We cannot take up your offer. Thank you for making it.",
        "Thank you for your offer. We have looked at it with care, and we cannot take it up. That is no judgement on "
        "you. If you think that it is a mistake, please speak with the coordinator you have been in touch with.",
    ),
    "host_suspended": Words(
        "URGENT: a suspension has stopped plans. Please look now.",
        "Somebody has been suspended. Plans that had not begun have ended and are made anew; what has begun is on "
        "hold. Please look now, and get in touch with everybody who is concerned.",
    ),
    "host_on_hold": Words(
        "We pause our questions to you. A coordinator will get in touch.",
        "We have put everything with you on hold for now, and nothing is expected of you. A coordinator will get in "
        "touch with you and say why. If you think that it is a mistake, tell them then.",
    ),
    "check_due": Words(
        "It is time to repeat a check. A coordinator will get in touch.",
        "One of our checks runs out soon and has to be repeated. A coordinator will get in touch with you; it takes a "
        "few minutes. Until then everything goes on as before.",
    ),
    "checks_expiring": Words(
        "Checks run out soon. Please see whom to call today.",
        "Some checks run out soon. Please look at the list of those to call today and repeat their checks in time: "
        "with an overdue check every decision needs two people.",
    ),
    "flag_raised": Words(
        "Somebody does something again and again. Please look today.",
        "Somebody does something again and again, and it may be nothing. Please look at the list of flags at the "
        "desk today.",
    ),
    "must_not_meet": Words(
        "Somebody may need your quiet help. Please look at the desk today.",
        "Somebody has said whom they must not meet, and a coordinator is needed: to find out who bears a name, or "
        "to look at a plan that brings the two together. Please open the list of people not to be met at the "
        "desk, and speak of it to neither side.",
    ),
    "change_waits": Words(
        "A change waits for you. Please have a look.",
        "Somebody wants to change something that was looked at before. Until you have looked, all is as it was. The "
        "list of changes that wait is at the desk.",
    ),
    "arrival_change_waits": Words(
        "Something may change. For now all is as agreed.",
        "Something about what we agreed with you may change. A coordinator looks at it first; until then all is as "
        "agreed, and you need not do anything. If it is applied, we tell you.",
    ),
    "host_change_applied": Words(
        "A coordinator has looked at your change. It holds from now on.",
        "A coordinator has looked at what you wanted to change. It holds from now on. Thank you!",
    ),
    "host_change_refused": Words(
        "Your change is not taken over. All is as it was.",
        "A coordinator has looked at what you wanted to change, and all is as it was. If you think that it is a "
        "mistake, please speak with the coordinator you have been in touch with.",
    ),
    "arrival_change_applied": Words(
        "Something has changed. Please look at your page now.",
        "Something about what we agreed with you has changed, and a coordinator has looked at it. Please open your "
        "page and look at the details again. If it does not suit you, say so there.",
    ),
    "still_available": Words(
        "Does your offer still stand? One tap on your page is enough.",
        "Does your offer still stand? Please tell us on your page: one tap is enough. Without an answer we stop "
        "asking you, so that nobody hopes in vain; you can take it up again at any time.",
    ),
    "space_stale": Words(
        "We ask no more until you tell us that your offer still stands.",
        "We have had no answer, so we ask you no more until you tell us that your offer still stands. One tap on "
        "your page is enough. Thank you!",
    ),
    "sign_in_code": Words(
        "{code} is your code for 10 minutes. Tell it to nobody.",
        "{code} is your code. It works for 10 minutes, and once. Tell it to nobody: we never ask for it. If you did "
        "not ask for a code, there is nothing to do.",
    ),
    "contact_code": Words(
        "{code} is your code to add this contact, for 10 minutes.",
        "{code} is your code. With it you show on your page that messages reach you here. It works for 10 minutes, and "
        "once. If you did not ask for a code, there is nothing to do.",
    ),
    "invitation": Words(
        "Your invitation: {code}",
        "You are invited to work with us. Open this link and choose a password; nobody else will know it: "
        "{code} The link works once, for three days. Then sign in with your user name, which the person who "
        "invited you tells you. If you expect no invitation, do nothing.",
    ),
}
