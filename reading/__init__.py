"""One reader for each kind of value that people write: sheets, pages, the desk and the API read the same text alike.

The files are pure: they know no database and no language of the reader. Whoever calls them words an `Unreadable`.
"""
