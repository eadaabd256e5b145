"""Formats of dates and numbers, for a language that Django has none for (Kazakh) or has ones that people here do not use.

A name that one of these modules lacks is taken from Django's own formats. For English: the day comes first, hours
run to 24 and weeks begin on Monday, as in the countries that the service is for. For Georgian: no a.m. and p.m.,
and no day that is read as a month.
"""
