#!/usr/bin/env python
"""Django's command line for this project."""

import os
import secrets
import sys

ON_FILES_ALONE = ("match_files", "verify_plan")
"""Commands that touch nothing signed or encrypted: keys of the moment will do, so nobody has to set any."""


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shelter.settings")
    if sys.argv[1:2] and sys.argv[1] in ON_FILES_ALONE:
        for name in ("SECRET_KEY", "SHELTER_INDEX_KEY"):
            os.environ.setdefault(name, secrets.token_urlsafe())
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
