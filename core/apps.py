from django.apps import AppConfig


class CoreConfig(AppConfig):
    """Clock, errors, looks. Its two models live in `core.trail` and `core.letters`."""

    name = "core"
