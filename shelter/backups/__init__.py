"""Encrypted copies of the database, away from it, and the way back from one.

`manage.py backup` and `manage.py restore` are the doors. docs/decisions/0060-backups.md says why it is built this way.
"""
