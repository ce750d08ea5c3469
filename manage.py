#!/usr/bin/env python3
"""Postern's command line: `python manage.py help` lists the commands."""

from __future__ import annotations

import os
import sys

from django.core.management import execute_from_command_line

from config.env import EnvError


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        execute_from_command_line(sys.argv)
    except EnvError as problems:
        sys.stderr.write(f"The settings do not fit:\n{problems}\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
