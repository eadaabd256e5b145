"""The template filters that word stored codes on the desk's pages: `{% load reasons %}`, then `{{ match.reasons|in_words }}`."""

from __future__ import annotations

from django.template import Library

from matching import reason_words, refusal_words
from matching.admin import line_words

register = Library()
register.filter("in_words", reason_words.reasons_in_words)
register.filter("in_words_of_one", reason_words.words_of)
register.filter("refusal_in_words", refusal_words.of_value)
register.filter("note_in_words", line_words.of_note)
register.filter("change_in_words", line_words.of_host_event)
register.filter("reason_in_words", line_words.of_reason)
