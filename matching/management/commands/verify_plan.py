"""`verify_plan`: check a plan that `match_files` wrote, without code of the solver."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from matching.engine import Need, Offer, Prices, Step
from matching.engine.checking import check_plan, value_of
from matching.engine.checking_bound import recompute_bound
from matching.engine.checking_fairness import passed_over
from matching.management.commands.match_files import counted, moment
from matching.management.progress import shown
from matching.management.weeks import UnreadableFile, Week, now_or, read_placements, read_week
from matching.sheets import HeaderProblem

FAULTS_SHOWN = 20
ROUNDING_ERROR = 1e-9
"""The most by which sums in another order may differ."""


class Command(BaseCommand):
    help = "Check a plan of match_files: every rule, the objective, that nobody is passed over, and from its prices the bound."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("spaces", type=Path, metavar="SPACES.csv")
        parser.add_argument("requests", type=Path, metavar="REQUESTS.csv")
        parser.add_argument("matches", type=Path, metavar="MATCHES.csv")
        parser.add_argument("summary", type=Path, metavar="SUMMARY.json", help="what match_files --json wrote")
        parser.add_argument("--now", type=moment, metavar="ISO-8601", help="default: the moment the summary names")
        parser.add_argument("--existing", type=Path, metavar="MATCHES.csv", help="as given to match_files")
        parser.add_argument("--declined", type=Path, metavar="DECLINED.csv", help="as given to match_files")
        parser.add_argument("--progress", choices=("bar", "json", "none"), default="bar", help="on stderr")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            summary = json.loads(options["summary"].read_text(encoding="utf-8"))
            week = self._week(options, summary)
            wrong = wrong_in_plan(week, options["matches"], summary)
            prices = prices_of(summary)
        except OSError as why:
            raise CommandError(f"{why.filename}: {why.strerror}. Check the path.") from why
        except (HeaderProblem, UnreadableFile) as why:
            raise CommandError(str(why)) from why
        except (ValueError, KeyError, TypeError, AttributeError) as why:
            raise CommandError(f"{options['summary']} is no summary of match_files with its prices: {why!r}") from why
        with shown(options["progress"], self.stderr) as progress:
            wrong += wrong_in_bound(
                week.needs, week.offers, prices, summary, lambda done: progress(Step("bound", done))
            )
        for words in wrong[:FAULTS_SHOWN]:
            self.stderr.write(words)
        if wrong:
            raise CommandError(f"The plan does not hold: {len(wrong)} things are wrong.")
        over = len(summary.get("fairness", {}).get("passed_over", [])) or "nobody"
        self.stdout.write(
            f"The plan holds: every rule is kept, {over} passed over, the objective is {summary['objective']:.3f}, "
            f"no plan is worth more than {summary['bound']:.3f} (gap {summary['gap']:.3%})."
        )

    def _week(self, options: dict[str, Any], summary: dict[str, Any]) -> Week:
        return read_week(
            options["spaces"],
            options["requests"],
            now=options["now"] or now_or(summary["now"]),
            existing=options["existing"],
            declined=options["declined"],
        )


def wrong_in_plan(week: Week, matches: Path, summary: dict[str, Any]) -> list[str]:
    """Return in words the faults of the matches, and of the summary's figures about them."""
    placements = read_placements(matches)
    wrong = check_plan(week.needs, week.offers, placements)
    if wrong:
        return wrong
    need_of, offer_of = {need.id: need for need in week.needs}, {offer.id: offer for offer in week.offers}
    objective = sum(
        value_of(need_of[placed.need_id], [(leg, offer_of[leg.offer_id]) for leg in placed.legs])
        for placed in placements
    )
    figures: dict[str, float] = {**counted(week.needs, placements), "objective": objective}
    figures["gap"] = summary["bound"] / objective - 1 if objective else 0.0
    # A plan that was cut short may pass a household over, but its summary must say so.
    said = [tuple(pair) for pair in summary.get("fairness", {}).get("passed_over", [])]
    wrong = [
        f"{left}: passed over, {other} was given a place that it could have and would be worth as much in"
        for left, other in passed_over(week.needs, week.offers, placements)
        if (left, other) not in said
    ]
    return wrong + [
        f"{name}: the summary says {summary[name]}, the matches {figure}"
        for name, figure in figures.items()
        if abs(summary[name] - figure) > ROUNDING_ERROR * max(1.0, abs(figure))
    ]


def prices_of(summary: dict[str, Any]) -> Prices:
    """Return the prices that the summary publishes."""
    return {(space, date.fromisoformat(night)): tuple(each) for space, night, each in summary["prices"]}


def wrong_in_bound(
    needs: list[Need], offers: list[Offer], prices: Prices, summary: dict[str, Any], told: Any
) -> list[str]:
    """Return in words the faults of the bound: it must not be lower than the bound that the prices prove."""
    try:
        proven = recompute_bound(needs, offers, prices, told)
    except ValueError as why:
        return [str(why)]
    if summary["bound"] < proven * (1 - ROUNDING_ERROR):
        return [f"bound: the summary says {summary['bound']}, the prices prove only {proven}"]
    return []
