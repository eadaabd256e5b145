"""The settings of the deployment: lead coordinators change them on one page, and every change stays in the history."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.coordinators import rights_of
from accounts.models import HostCheck, User
from deployment import rules
from deployment.bounds import ALWAYS_TWO, RuleNotSensible, RulesChanged
from deployment.models import SettingChange
from deployment.rules import LATER, Rules
from matching.admin.audit import AuditOnly, WhoDidIt
from matching.admin.kept_words import KEPT_WORDS
from matching.admin.words import RISK_WORDS
from matching.desk import auto_approval
from matching.desk.tiers import tiers
from matching.limits import LONGEST_REASON
from matching.risks import FIRST_TIME_HOST, LONE_WOMAN, MINOR, NOT_SAID, TWO_WOMEN, About, Approvals
from privacy import remarks

TIERS = range(1, 5)
NEW_HOST_RISKS = (MINOR, LONE_WOMAN, TWO_WOMEN, NOT_SAID)

ABOUT_WORDS = {About.HOUSEHOLD: gettext_lazy("the household"), About.HOST: gettext_lazy("the host")}
APPROVALS_WORDS = {
    Approvals.ALWAYS: gettext_lazy("two coordinators"),
    Approvals.NEW_HOST: gettext_lazy("two coordinators if the host is new"),
    Approvals.ONE: gettext_lazy("one coordinator"),
}

NAMES = {
    "answer_hours": gettext_lazy("Time to decide and to answer"),
    "required_checks": gettext_lazy("Checks of every host"),
    "fresh_days": gettext_lazy("Days until a host is asked whether the space still stands"),
    "fresh_answer_days": gettext_lazy("Days a host then has to answer"),
    "two_people": gettext_lazy("Risks that need two coordinators"),
    "two_people_new_host": gettext_lazy("Risks that need two coordinators where the host is new"),
    "auto_approve": gettext_lazy("Approve proposals without any risk at once"),
    "auto_approve_km": gettext_lazy("... at most so many km away"),
    "auto_approve_stays": gettext_lazy("... with a host after at least so many stays that ended well"),
    "looks_budget": gettext_lazy("People whose names, contacts or notes one coordinator may open within a day"),
    "kept_days": gettext_lazy("How long things are kept"),
    "page_minutes": gettext_lazy("Minutes until we call again and call one more, when somebody does not feel safe"),
    "outcome_minutes": gettext_lazy(
        "Minutes for whoever looks after it to write down what came of it, before we call others again"
    ),
}


class SettingsForm(forms.Form):
    """A form with fields for every rule. `deployment.rules` checks the values; `refuse` shows its refusals at the fields."""

    fresh_days = forms.IntegerField(label=NAMES["fresh_days"])
    fresh_answer_days = forms.IntegerField(label=NAMES["fresh_answer_days"])
    two_people = forms.MultipleChoiceField(
        label=NAMES["two_people"], required=False, widget=forms.CheckboxSelectMultiple
    )
    two_people_new_host = forms.MultipleChoiceField(
        label=NAMES["two_people_new_host"], required=False, widget=forms.CheckboxSelectMultiple
    )
    auto_approve = forms.BooleanField(label=NAMES["auto_approve"], required=False)
    auto_approve_km = forms.IntegerField(label=NAMES["auto_approve_km"])
    auto_approve_stays = forms.IntegerField(label=NAMES["auto_approve_stays"])
    looks_budget = forms.IntegerField(label=NAMES["looks_budget"])
    page_minutes = forms.IntegerField(label=NAMES["page_minutes"])
    outcome_minutes = forms.IntegerField(label=NAMES["outcome_minutes"])
    reason = forms.CharField(label=gettext_lazy("Why do you change this?"), max_length=LONGEST_REASON)
    seen = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, now: Rules, seen: int) -> None:
        super().__init__(data, initial=_shown(now, seen))
        self._adding_tiers()
        self._adding_checks()
        for clock, words in KEPT_WORDS.items():
            self.fields[f"kept_{clock}"] = forms.IntegerField(label=words)
        alone = [(risk, words) for risk, words in RISK_WORDS.items() if risk != FIRST_TIME_HOST]
        self.fields["two_people"].choices = alone  # type: ignore[attr-defined]
        self.fields["two_people_new_host"].choices = [(risk, RISK_WORDS[risk]) for risk in NEW_HOST_RISKS]  # type: ignore[attr-defined]

    def _adding_tiers(self) -> None:
        for number in TIERS:
            words = {"number": number}
            self.fields[f"days_{number}"] = forms.IntegerField(
                label=_("Line %(number)d: the stay begins in at most so many days") % words, required=False
            )
            self.fields[f"hours_{number}"] = forms.IntegerField(
                label=_("Line %(number)d: hours") % words, required=False
            )
        self.fields["hours_later"] = forms.IntegerField(label=_("Anything later: hours"))

    def _adding_checks(self) -> None:
        for kind, words in HostCheck.CheckKind.choices:
            self.fields[f"check_{kind}"] = forms.BooleanField(label=words, required=False)
            self.fields[f"valid_{kind}"] = forms.IntegerField(
                label=_("%(check)s: days it counts") % {"check": words}, required=False
            )

    # -- fields in the order of the template ------------------------------------------------------

    def tiers(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        return [(self[f"days_{number}"], self[f"hours_{number}"]) for number in TIERS]

    def checks(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        return [(self[f"check_{kind}"], self[f"valid_{kind}"]) for kind in HostCheck.CheckKind.values]

    def kept(self) -> list[forms.BoundField]:
        return [self[f"kept_{clock}"] for clock in KEPT_WORDS]

    # -- reading ----------------------------------------------------------------------------------

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        for number in TIERS:
            days, hours = given.get(f"days_{number}"), given.get(f"hours_{number}")
            if (days is None) != (hours is None) and not {f"days_{number}", f"hours_{number}"} & set(self.errors):
                self.add_error(f"days_{number}", _("Fill in both the days and the hours, or neither."))
        for kind in HostCheck.CheckKind.values:
            if given.get(f"check_{kind}") and given.get(f"valid_{kind}") is None and f"valid_{kind}" not in self.errors:
                self.add_error(f"valid_{kind}", _("For how many days does this check count?"))
        return given

    def values(self) -> dict[str, Any]:
        """Return the values of the form by the names of the rules."""
        given = self.cleaned_data
        tiers = [(given[f"days_{n}"], given[f"hours_{n}"]) for n in TIERS if given[f"days_{n}"] is not None]
        return {
            "answer_hours": [*tiers, (LATER, given["hours_later"])],
            "required_checks": {
                kind: given[f"valid_{kind}"] for kind in HostCheck.CheckKind.values if given[f"check_{kind}"]
            },
            "two_people": sorted({*given["two_people"], ALWAYS_TWO}),
            "kept_days": {clock: given[f"kept_{clock}"] for clock in KEPT_WORDS},
            **{
                name: given[name]
                for name in (
                    "fresh_days",
                    "fresh_answer_days",
                    "two_people_new_host",
                    "auto_approve",
                    "auto_approve_km",
                    "auto_approve_stays",
                    "looks_budget",
                    "page_minutes",
                    "outcome_minutes",
                )
            },
        }

    def refuse(self, refusal: RuleNotSensible) -> None:
        """Show a refusal at the field that it is about."""
        place = {"answer_hours": "days_1", "required_checks": f"check_{HostCheck.CheckKind.IDENTITY_SEEN}"}
        self.add_error(place.get(refusal.name, refusal.name), str(refusal))


def _shown(now: Rules, seen: int) -> dict[str, Any]:
    shown: dict[str, Any] = {
        name: getattr(now, name)
        for name in (
            *("fresh_days", "fresh_answer_days", "auto_approve", "auto_approve_km", "auto_approve_stays"),
            "looks_budget",
            "page_minutes",
            "outcome_minutes",
        )
    }
    tiers = now.answer_hours
    for number, (days, hours) in enumerate(tiers[:-1][: len(TIERS)], 1):
        shown |= {f"days_{number}": days, f"hours_{number}": hours}
    for kind in HostCheck.CheckKind.values:
        shown |= {f"check_{kind}": kind in now.required_checks, f"valid_{kind}": now.required_checks.get(kind, 365)}
    return {
        **shown,
        **{f"kept_{clock}": now.kept_days[clock] for clock in KEPT_WORDS},
        "hours_later": tiers[-1][1],
        "two_people": sorted(now.two_people),
        "two_people_new_host": sorted(now.two_people_new_host),
        "seen": seen,
    }


class WhichRule(admin.SimpleListFilter):
    """Filters the history by setting."""

    title = gettext_lazy("setting")
    parameter_name = "name"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(NAMES.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[SettingChange]) -> QuerySet[SettingChange]:
        return queryset.filter(name=self.value()) if self.value() in NAMES else queryset


@admin.register(SettingChange)
class SettingChangeAdmin(AuditOnly[SettingChange]):
    """The history of the settings, and the page on which leads change them."""

    list_display = ["at", "by", "which", "before", "after", "why"]
    list_filter = [WhoDidIt, WhichRule, "at"]
    list_select_related = ["by", "remark"]
    change_list_template = "admin/deployment/history.html"

    @admin.display(description=gettext_lazy("setting"), ordering="name")
    def which(self, change: SettingChange) -> str:
        return str(NAMES.get(change.name, change.name))

    @admin.display(description=gettext_lazy("before"))
    def before(self, change: SettingChange) -> str:
        return rule_in_words(change.name, change.old)

    @admin.display(description=gettext_lazy("after"))
    def after(self, change: SettingChange) -> str:
        return rule_in_words(change.name, change.new)

    @admin.display(description=gettext_lazy("reason"))
    def why(self, change: SettingChange) -> str:
        return remarks.words_of(change)

    def get_urls(self) -> list[Any]:
        page = self.admin_site.admin_view(self.settings_)
        return [path("settings/", page, name="deployment_settings"), *super().get_urls()]

    def settings_(self, request: HttpRequest) -> HttpResponse:
        """Show the settings to leads and auditors, and save the changes of a lead."""
        user = request.user
        if not isinstance(user, User) or not rights_of(user).may_audit:
            raise Http404
        now, seen = rules.current(), rules.latest_change()
        typed = request.POST.copy() if request.method == "POST" else None
        form = SettingsForm(typed, now=now, seen=seen)
        if typed is not None and form.is_valid() and self._changed(request, form, typed, user):
            return redirect("admin:deployment_settings")
        lines = SettingChange.objects.select_related("by", "remark")[:20]
        context = {
            **self.admin_site.each_context(request),
            "title": _("Settings of the deployment"),
            "opts": self.opts,
            "form": form,
            "in_force": [(words, rule_in_words(name, rules.as_json(now)[name])) for name, words in NAMES.items()],
            "tiers": [
                (RISK_WORDS[tier.risk], ABOUT_WORDS[tier.about], APPROVALS_WORDS[tier.approvals]) for tier in tiers(now)
            ],
            "auto_approve_by": auto_approval.in_whose_name(now),
            "lines": [
                {
                    "line": line,
                    "name": NAMES.get(line.name, line.name),
                    "before": rule_in_words(line.name, line.old),
                    "after": rule_in_words(line.name, line.new),
                    "reason": remarks.words_of(line),
                }
                for line in lines
            ],
        }
        return TemplateResponse(request, "admin/deployment/settings.html", context)

    def _changed(self, request: HttpRequest, form: SettingsForm, typed: QueryDict, user: User) -> bool:
        """Save the changes and return whether that was done; a refusal is shown in the form."""
        if not rights_of(user).is_lead:
            raise Http404
        given = form.cleaned_data
        try:
            lines = rules.change(form.values(), by=user, at=timezone.now(), reason=given["reason"], seen=given["seen"])
        except RuleNotSensible as refusal:
            form.refuse(refusal)
        except RulesChanged as refusal:
            form.add_error(None, str(refusal.message))
            typed["seen"] = str(rules.latest_change())  # The lead can save the same form after a look.
        else:
            if lines:
                names = ", ".join(str(NAMES[line.name]) for line in lines)
                self.message_user(request, _("Changed: %(names)s.") % {"names": names}, "success")
            else:
                self.message_user(request, _("Nothing was different; nothing is changed."), "info")
            return True
        return False


def rule_in_words(name: str, value: Any) -> str:
    """Return a value of a rule in words; one whose form a later version changed, which was rolled back, as it is stored."""
    if value is None:
        return "–"
    try:
        return _known_rule_in_words(name, value)
    except (TypeError, ValueError, AttributeError):
        return str(value)


def _known_rule_in_words(name: str, value: Any) -> str:
    match name:
        case "answer_hours":
            return "; ".join(
                _("later: %(hours)d h") % {"hours": hours}
                if days >= LATER
                else _("up to %(days)d days ahead: %(hours)d h") % {"days": days, "hours": hours}
                for days, hours in value
            )
        case "required_checks":
            words = dict(HostCheck.CheckKind.choices)
            return "; ".join(
                _("%(check)s: %(days)d days") % {"check": words.get(kind, kind), "days": days}  # type: ignore[call-overload]
                for kind, days in value.items()
            )
        case "kept_days":
            return "; ".join(f"{words}: {value[clock]}" for clock, words in KEPT_WORDS.items() if clock in value)
        case "two_people" | "two_people_new_host":
            return "; ".join(str(RISK_WORDS.get(risk, risk)) for risk in value) or "–"
        case "auto_approve":
            return _("on") if value else _("off")
        case _:
            return str(value)
