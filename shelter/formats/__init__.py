"""How dates and numbers are written where Django says nothing (Kazakh), or what nobody here writes.

Django takes from these modules what they name, and the rest from its own. For English: the day comes first, hours
run to 24 and weeks begin on Monday, as in the countries that the service is for. For Georgian: no a.m. and p.m.,
and no day that is read as a month.
"""
