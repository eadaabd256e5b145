"""The addresses of the pages. No address holds a name, a contact or a secret."""

from __future__ import annotations

from django.urls import path

from matching.web import (
    case,
    dates,
    home,
    host,
    languages,
    leaving,
    need,
    offer,
    signed_in,
    space_acts,
    space_nights,
    space_offer,
    stay_file,
    tap,
)

app_name = "web"

urlpatterns = [
    path("", home.home, name="home"),
    path("sign-out/", home.sign_out, name="sign_out"),
    path("signed-in/", signed_in.signed_in, name="signed_in"),
    path("signed-in/session/<int:sign_in_id>/end/", signed_in.end_session, name="end_session"),
    path("signed-in/token/<int:token_id>/end/", signed_in.end_token, name="end_token"),
    path("leave/", leaving.leave, name="leave"),
    path("i18n/setlang/", languages.choose_language, name="choose_language"),
    path("need/", need.start, name="need_start"),
    path("need/check/", need.check, name="need_check"),
    path("need/done/", need.done, name="need_done"),
    path("need/done/picture.png", need.picture, name="need_picture"),
    path("need/keep/", need.keep, name="need_keep"),
    path("need/<slug:question>/", need.question, name="need"),
    path("case/", case.case, name="case"),
    path("case/match/<uuid:match_id>/contact/", case.contact, name="case_contact"),
    path("case/match/<uuid:match_id>/safety/", case.safe, name="case_safety"),
    path("case/match/<uuid:match_id>/<slug:act>/", case.act, name="case_act"),
    path("case/match/<uuid:match_id>/stay.ics", stay_file.of_arrival, name="case_stay"),
    path("case/request/<uuid:request_id>/dates/", dates.dates, name="case_dates"),
    path("case/request/<uuid:request_id>/withdraw/", case.withdraw, name="case_withdraw"),
    path("case/message/<int:notification_id>/read/", case.read, name="case_read"),
    path("t/<str:token>/", tap.tap, name="tap"),
    path("t/<str:token>/<slug:act>/", tap.act, name="tap_act"),
    path("offer/", offer.start, name="offer_start"),
    path("offer/check/", offer.check, name="offer_check"),
    path("offer/code/", offer.code, name="offer_code"),
    path("offer/code/again/", offer.code_again, name="offer_code_again"),
    path("offer/<slug:question>/", offer.question, name="offer"),
    path("host/", host.host, name="host"),
    path("host/sign-in/", host.host_sign_in, name="host_sign_in"),
    path("host/code/", host.host_code, name="host_code"),
    path("host/match/<uuid:match_id>/contact/", host.contact, name="host_contact"),
    path("host/match/<uuid:match_id>/safety/", host.safe, name="host_safety"),
    path("host/match/<uuid:match_id>/<slug:act>/", host.act, name="host_act"),
    path("host/match/<uuid:match_id>/stay.ics", stay_file.of_host, name="host_stay"),
    path("host/space/<uuid:space_id>/nights/", space_nights.space_nights, name="host_space_nights"),
    path("host/space/<uuid:space_id>/", space_offer.space_offer, name="host_space"),
    path("host/space/<uuid:space_id>/change/<slug:question>/", space_offer.change, name="host_space_change"),
    path(
        "host/space/<uuid:space_id>/waits/<int:change_id>/take-back/",
        space_offer.take_back,
        name="host_space_take_back",
    ),
    path("host/space/<uuid:space_id>/<slug:act>/", space_acts.space_act, name="host_space_act"),
    path("host/message/<int:notification_id>/read/", host.read, name="host_read"),
]
