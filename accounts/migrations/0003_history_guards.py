"""History begins with what is there, and is never changed but to take a person's name away."""

from django.db import migrations

from core.trail.guards import begin_history, guard_history


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_trail"), ("trail", "0004_guards")]
    operations = [
        begin_history(
            "accounts", AccountHistory="Account", LoginHistory="Login", DoorHistory="Door", GrantHistory="Grant"
        ),
        guard_history(
            accounts_accounthistory=("key", "name", "note"),
            accounts_loginhistory=("key", "label", "note"),
            accounts_doorhistory=(),
            accounts_granthistory=(),
        ),
    ]
