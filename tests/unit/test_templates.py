"""Templates have one tag a line, so that a diff shows a change as the line that it changed.

A line may hold a run of text with the inline elements in it, because a line break there would show as a space on the
page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.unit.documents import ROOT

LONGEST = 150

BLOCKS = [
    *(
        "html",
        "head",
        "body",
        "header",
        "main",
        "nav",
        "footer",
        "aside",
        "section",
        "article",
        "div",
        "p",
        "h1",
        "h2",
        "h3",
        "h4",
    ),
    *("ul", "ol", "li", "dl", "dt", "dd", "table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td"),
    *("form", "fieldset", "legend", "select", "optgroup", "option", "datalist", "details", "summary", "dialog"),
]
"""Elements around which a browser drops whitespace, and `select`, inside which it drops whitespace."""

OPENING = re.compile(rf"<(?:{'|'.join(BLOCKS)})\b|{{% (?:if|for|with) ")
"""An opening that needs a line of its own: such an element, or a Django tag that decides whether its content is shown."""

DJANGO = r"{%.*?%}|{{.*?}}"
ATTRIBUTES = re.compile(rf"(<\w+)(?:{DJANGO}|[^<>])*(?:>|$)")


def crowded(template: str) -> Iterator[int]:
    """Yield the numbers of lines that are too long or open more than one tag. Attributes within a tag do not count."""
    for number, line in enumerate(template.splitlines(), 1):
        if len(line) > LONGEST or len(OPENING.findall(ATTRIBUTES.sub(r"\1>", line))) > 1:
            yield number


def test_a_line_of_a_template_holds_one_tag() -> None:
    templates = sorted((ROOT / "templates").rglob("*.*"))

    found = [
        f"{file.relative_to(ROOT)}:{line}" for file in templates for line in crowded(file.read_text(encoding="utf-8"))
    ]

    assert len(templates) > 100
    assert found == []


@pytest.mark.parametrize(
    ("line", "is_crowded"),
    [
        ("<tr><th>{{ name }}</th>", True),
        ("<li>{% if late %}late{% endif %}", True),
        ("{% for each in rows %}{% if each %}", True),
        ("{% if one %}1{% endif %}{% if two %}2{% endif %}", True),
        ("<p>" + "word " * 30 + "</p>", True),
        (
            '<li{% if late %} class="late"{% endif %}><a href="{% url home %}?a{% if b %}&amp;b{% endif %}">{{ name }}</a></li>',
            False,
        ),
        ("{{ name }}{% if not forloop.last %},{% endif %}", False),
        ("{% endif %}{% if late %},", False),
    ],
)
def test_a_crowded_line_is_found(line: str, is_crowded: bool) -> None:
    assert list(crowded(f"<div>\n  {line}\n</div>")) == ([2] if is_crowded else [])
