"""History begins with what is there, and is never changed but to take a person's name away."""

from django.db import migrations

from core.trail.guards import begin_history, guard_history


class Migration(migrations.Migration):
    dependencies = [("recovery", "0002_trail"), ("trail", "0004_guards")]
    operations = [
        begin_history(
            "recovery", BackupHistory="AuthenticatorBackup", BackupCarrierHistory="AuthenticatorBackup_carriers"
        ),
        guard_history(recovery_backuphistory=("key", "label", "note"), recovery_backupcarrierhistory=()),
    ]
