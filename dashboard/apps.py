from django.apps import AppConfig


class DashboardConfig(AppConfig):
    """Pages that compose several apps; owns no model."""

    name = "dashboard"
    default_auto_field = "django.db.models.BigAutoField"
