from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """Settings, URLs, the schedule, the embedded servers and the supervisor."""

    name = "config"
