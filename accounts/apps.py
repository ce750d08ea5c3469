from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Brokerage accounts, the logins that reach them, and the doors of each login."""

    name = "accounts"
    default_auto_field = "django.db.models.BigAutoField"
