"""Flows with one question on a page: the order of the questions, the missing answers, and the pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from matching.refusals import WRONG_INPUT
from matching.web.drafts import Draft
from matching.web.plain_forms import PlainForm, Wording

Answers = Mapping[str, Mapping[str, Any]]
AnswerLine = tuple[Wording, str]
Given = Mapping[str, Mapping[str, list[str]]]


class QuestionForm(PlainForm):
    """One page of a flow. `title` is the question, and `why` says what its answer is for.

    `answers` are the cleaned answers to the earlier questions; `today` is the day on which the question is asked.
    """

    title: Wording = ""
    why: Wording = ""

    def __init__(self, data: Any = None, *, answers: Answers, today: date) -> None:
        self.answers, self.today = answers, today
        super().__init__(data)

    def lines(self) -> list[AnswerLine]:
        """Return the answer in words, as lines (label, answer) for the check page."""
        raise NotImplementedError

    def kept(self) -> dict[str, list[str]]:
        """Return the valid answer as a draft keeps it: as it was typed, but a day with its year, so that it stays that day."""
        days = {
            name: self.cleaned_data.get(name)
            for name, field in self.fields.items()
            if isinstance(field, forms.DateField)
        }
        data: Any = self.data
        typed = {name: data.getlist(name) for name in self.fields}
        return typed | {name: [day.isoformat()] for name, day in days.items() if day is not None}

    def chosen(self, name: str) -> str:
        """Return the words of the choices made in the field `name`."""
        value = self.cleaned_data[name]
        values = value if isinstance(value, list) else [value]
        return "; ".join(str(words) for code, words in self.fields[name].widget.choices if code in values)


@dataclass(frozen=True, slots=True)
class Question:
    """One question. `name` stands in its address; `asked_if` decides by the earlier answers whether it is asked."""

    name: str
    form: type[QuestionForm]
    asked_if: Callable[[Answers], bool] = lambda answers: True


@dataclass(frozen=True, slots=True)
class DraftRead:
    """A draft read against its questions.

    `asked` are the questions that apply, `forms` and `answers` the valid answers by question, and `missing` is the
    first question without a valid answer (None: the draft is complete).
    """

    asked: tuple[Question, ...]
    forms: Mapping[str, QuestionForm]
    answers: Answers
    missing: str | None

    def reachable(self, name: str) -> bool:
        """Return whether the page of this question may be opened: every earlier question is answered."""
        names = [question.name for question in self.asked]
        return name in names and (self.missing is None or names.index(name) <= names.index(self.missing))


class Flow:
    """Questions in their order, at the addresses `web:<name>` and `web:<name>_check`."""

    def __init__(self, name: str, questions: Sequence[Question]) -> None:
        self.name, self.questions = name, tuple(questions)

    def read(self, draft: Draft, today: date) -> DraftRead:
        """Read the draft. An answer that is no longer valid (a day has passed, another answer changed) is missing."""
        answers: dict[str, Mapping[str, Any]] = {}
        forms_: dict[str, QuestionForm] = {}
        asked: list[Question] = []
        missing: str | None = None
        for question in self.questions:
            if not question.asked_if(answers):
                continue
            asked.append(question)
            form = question.form(draft.answer(question.name), answers=dict(answers), today=today)
            if form.is_valid():
                answers[question.name] = form.cleaned_data
                forms_[question.name] = form
            elif missing is None:
                missing = question.name
        return DraftRead(tuple(asked), forms_, answers, missing)

    def onward(self, reading: DraftRead) -> HttpResponse:
        """Lead to the first question without an answer, or to the check of all answers."""
        if reading.missing:
            return redirect(f"web:{self.name}", question=reading.missing)
        return redirect(f"web:{self.name}_check")

    def begin(self, request: HttpRequest, draft: Draft, given: Given | None = None) -> HttpResponse:
        """Show the page before the first question (GET), or forget an earlier draft and lead to that question (POST).

        The draft is forgotten so that the next person at the same tablet does not see the last person's answers.
        `given` are answers, as typed, that the flow does not ask for: people can change them on the check page.
        """
        if request.method == "POST":
            draft.forget()
            for name, answer in (given or {}).items():
                draft.keep(name, answer)
            if given:
                draft.note(given=sorted(given))
            return redirect(f"web:{self.name}", question=self.questions[0].name)
        context = {"first": self.questions[0].name, "has_draft": bool(draft.answers)}
        return render(request, f"{self.name}/start.html", context)

    def page(self, request: HttpRequest, name: str, draft: Draft, today: date) -> HttpResponse:
        """Ask one question (GET), or store its answer and lead on (POST). Raises Http404 for an unknown question."""
        question = next((question for question in self.questions if question.name == name), None)
        if question is None:
            raise Http404
        reading = self.read(draft, today)
        if not reading.reachable(name):
            return self.onward(reading)
        before = dict(_before(reading, name))
        typed = request.POST if request.method == "POST" else draft.answer(name)
        form = question.form(typed, answers=before, today=today)
        if request.method == "POST" and form.is_valid():
            draft.keep(name, form.kept())
            return self.onward(self.read(draft, today))
        if request.method == "GET":
            draft.begin()
        given = set(draft.facts.get("given", ())) - {name}
        names = [asked.name for asked in reading.asked if asked.name not in given]
        number = names.index(name)
        context = {
            "form": form,
            "flow": self.name,
            "number": number + 1,
            "count": len(names),
            "back": names[number - 1] if number else None,
        }
        status = WRONG_INPUT if request.method == "POST" else 200
        return render(request, f"{self.name}/question.html", context, status=status)

    def lines(self, reading: DraftRead) -> list[tuple[str, AnswerLine]]:
        """Return (question, (label, answer)) for every line of the check page."""
        return [(name, line) for name, form in reading.forms.items() for line in form.lines()]


def _before(reading: DraftRead, name: str) -> list[tuple[str, Mapping[str, Any]]]:
    names = [question.name for question in reading.asked]
    return [(asked, reading.answers[asked]) for asked in names[: names.index(name)] if asked in reading.answers]
