"""Sentences about a sheet: a code with values. The English words of each code stand here, and the doors translate them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any


def template(english: str) -> str:
    """Mark a string for translation; `shelter.translations` gathers it. This package does not translate."""
    return english


SHEET_SENTENCES: Mapping[str, str] = MappingProxyType(
    {
        "yes_or_no": template("Write yes or no."),
        "one_whole_number": template("Write one whole number from %(smallest)s to %(greatest)s, like %(example)s."),
        "whole_number": template("Write a whole number from %(smallest)s to %(greatest)s."),
        "one_number": template("Write one number, like 43.25."),
        "latitude": template("A latitude is between -90 and 90 degrees."),
        "longitude": template("A longitude is between -180 and 180 degrees."),
        "radius": template("Write how many km away it may be: more than 0, at most %(most)s."),
        "urgency": template("Write 1, 1.5, 2.5 or 4 (4: nowhere to sleep tonight)."),
        "who": template("Write anyone, women or families."),
        "which_day": template("%(day)s can be two days. Write %(one)s or %(other)s."),
        "date": template("Write the date like 2022-09-28 or 28.09.2022."),
        "year_of_date": template("The year %(year)s cannot be meant. Write the date like 2022-09-28 or 28.09.2022."),
        "no_such_day": template("There is no such day: %(day)s. Check the day and the month."),
        "window": template(
            "Write each window as first night/last day, like 2022-09-26/2022-10-10, with ; between windows."
        ),
        "window_backwards": template(
            "The window %(window)s ends before it begins: the day of leaving comes after the first night."
        ),
        "window_too_long": template(
            "The window %(window)s is longer than three years. Write a nearer end; it can be moved later."
        ),
        "no_window": template("Write at least one window, like 2022-09-26/2022-10-10."),
        "windows_overlap": template("Two windows overlap around %(day)s. Join them into one."),
        "year_of_moment": template(
            "The year %(year)s cannot be meant. Write the moment like 2022-09-26T08:00:00+06:00."
        ),
        "moment": template("Write the moment like 2022-09-26T08:00:00+06:00 or 26.09.2022 08:00."),
        "language": template('"%(word)s" is no language code. Write codes of two letters with spaces, like ru kk en.'),
        "phone": template("This is not one phone number. Write it like +7 701 555 01 01."),
        "phone_country": template(
            "Which country is this number of? Write it with the country in front, like +7 701 555 01 01."
        ),
        "email": template("This is not one e-mail address. Write it like name@example.org."),
        "telegram": template("This is not a Telegram name. Write it like @name."),
        "other_name": template(
            "Line %(line)s gives this contact to another name. One host has one name; two hosts have a contact each. "
            "Correct the rows, or leave the contact out of the row to which it does not belong."
        ),
        "other_vetted": template(
            "Line %(line)s says something else in the column vetted about the same contact. Write one answer for one host."
        ),
        "long_identifier": template("An identifier has at most 100 signs."),
        "unreadable_sign": template("There is an unreadable sign (NUL) in this cell. Type it anew."),
        "space_identifier": template("Give every space an identifier that stays the same, like s1."),
        "request_identifier": template("Give every request an identifier that stays the same, like r1."),
        "same_identifier": template("Line %(line)s has the same identifier. Give every row its own."),
        "beds_needed": template("Say how many people can sleep here."),
        "windows_needed": template("Say when the space is free, like 2022-09-26/2022-10-10."),
        "people_needed": template("Say how many people need a place to sleep."),
        "first_night_needed": template("Say from which night, like 2022-09-28."),
        "nights_needed": template("Say for how many nights."),
        "children": template("There are more children than people. Count the children among the people."),
        "shortest_stay": template("The shortest stay that helps is longer than the whole stay of %(nights)s nights."),
        "women_only": template(
            "Only a household of women can ask for a women-only space: write yes in all_women, or no here."
        ),
        "language_unnamed": template("Name the language in the column languages, or write no here."),
        "half_a_point": template("Give both lat and lon, or leave both empty."),
        "swapped": template("lat and lon are swapped: %(place)s lies at %(lat)s, %(lon)s."),
        "unknown_place": template(
            "No place of this name is known. Check the spelling, name the nearest town, or give lat and lon."
        ),
        "which_place": template('"%(name)s" may mean: %(places)s. Write the one that is meant, with its region.'),
        "place_and_point": template(
            "The name and the point contradict each other: %(places)s is %(km)s km from this point. Correct one of them."
        ),
        "no_place": template("Say where: name a place, or give lat and lon."),
        "open_quote": template(
            "A quotation mark opens a cell and nothing closes it as it should. Remove it, or double it."
        ),
        "cells": template(
            "This row has %(cells)s cells where the header has %(width)s. "
            "Write every cell, also the empty ones, and put quotation marks around a cell with a delimiter in it."
        ),
        "unknown_columns": template("Unknown columns: %(columns)s."),
        "columns_twice": template("Columns that stand twice: %(columns)s."),
        "columns_not_chosen": template("Choose what each of these headings means, or leave it out: %(columns)s."),
        "missing_columns": template("Missing columns: %(columns)s."),
        "columns": template("The columns of %(sheet)s are %(columns)s."),
        "empty_file": template("The file is empty. Its first line must name the columns."),
        "workbook": template(
            "This workbook cannot be read: it is damaged, of an old kind, or locked by a password. "
            "Save it anew as XLSX, ODS or CSV, without a password."
        ),
        "workbook_too_large": template("This workbook is too large when it is unpacked. Cut it into several."),
        "workbook_too_wide": template(
            "This workbook has more than %(most)s columns. Delete those that say nothing, and bring it again."
        ),
        "several_tables": template(
            "Several sheets of this workbook look alike: %(tables)s. "
            "Keep one of them in the file, and bring the others by themselves."
        ),
        "unreadable_letters": template(
            "The letters of this file cannot be read in any usual encoding. Save it anew as CSV UTF-8."
        ),
    }
)
"""The English words of each code. Rows keep the code, so the words may change; a code stays as it is."""


class Sentence(str):
    """An English sentence that keeps its `code` and the `values` filled into it.

    A door looks the code's template up in the reader's catalog and fills the values in again. Values are numbers and texts,
    so that JSON can keep them.
    """

    code: str
    values: dict[str, Any]

    def __new__(cls, code: str, **values: Any) -> Sentence:
        made = super().__new__(cls, SHEET_SENTENCES[code] % values if values else SHEET_SENTENCES[code])
        made.code, made.values = code, values
        return made
