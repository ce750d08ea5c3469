"""Writes docs/permissions.md from the guards on the routes."""

from __future__ import annotations

from django.conf import settings
from django.core.management.base import BaseCommand

from config.permissions import page


class Command(BaseCommand):
    help = "Write docs/permissions.md anew from the guards on the routes."

    def handle(self, *args, **options) -> None:
        path = settings.BASE_DIR / "docs" / "permissions.md"
        path.write_text(page())
        self.stdout.write(f"{path.name}: {len(page().splitlines())} lines")
