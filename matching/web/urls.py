"""The addresses of the pages. No name, contact or secret ever stands in one."""

from __future__ import annotations

from django.urls import path

from matching.web import case, home, host, languages, need, offer, space_nights

app_name = "web"

urlpatterns = [
    path("", home.home, name="home"),
    path("sign-out/", home.sign_out, name="sign_out"),
    path("i18n/setlang/", languages.choose_language, name="choose_language"),
    path("need/", need.start, name="need_start"),
    path("need/check/", need.check, name="need_check"),
    path("need/done/", need.done, name="need_done"),
    path("need/<slug:question>/", need.question, name="need"),
    path("case/", case.case, name="case"),
    path("case/match/<uuid:match_id>/contact/", case.contact, name="case_contact"),
    path("case/match/<uuid:match_id>/<slug:act>/", case.act, name="case_act"),
    path("case/request/<uuid:request_id>/withdraw/", case.withdraw, name="case_withdraw"),
    path("case/message/<int:notification_id>/read/", case.read, name="case_read"),
    path("offer/", offer.start, name="offer_start"),
    path("offer/check/", offer.check, name="offer_check"),
    path("offer/code/", offer.code, name="offer_code"),
    path("offer/code/again/", offer.code_again, name="offer_code_again"),
    path("offer/<slug:question>/", offer.question, name="offer"),
    path("host/", host.host, name="host"),
    path("host/sign-in/", host.host_sign_in, name="host_sign_in"),
    path("host/code/", host.host_code, name="host_code"),
    path("host/match/<uuid:match_id>/contact/", host.contact, name="host_contact"),
    path("host/match/<uuid:match_id>/<slug:act>/", host.act, name="host_act"),
    path("host/space/<uuid:space_id>/nights/", space_nights.space_nights, name="host_space_nights"),
    path("host/space/<uuid:space_id>/<slug:act>/", host.space_act, name="host_space_act"),
    path("host/message/<int:notification_id>/read/", host.read, name="host_read"),
]
