"""What a member can show beside the password. How often one may be wrong is counted at the gate, not here."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from django.db import models
from django.db.models import Func, Q
from django_otp.models import Device, TimestampMixin

from core import clock
from identity import codes, sealing

# Which generation of the sealing key sealed a row: the first byte of what is sealed.
GENERATION = Func("sealed", 0, function="get_byte", output_field=models.IntegerField())

# Where an authenticator is whose owner did not say.
USUAL_CARRIER = "My phone"


class TotpDevice(TimestampMixin, Device):
    """An authenticator app of a member. The seed is sealed with a key that is not in the database."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    sealed = models.BinaryField()
    last_step = models.BigIntegerField(default=-1, help_text="The newest time step whose code was accepted.")
    carrier = models.CharField(max_length=60, default=USUAL_CARRIER, help_text="The device that the app is on.")

    kind = "authenticator"

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(confirmed=False), name="one_authenticator_is_begun_at_a_time"
            ),
            models.CheckConstraint(name="an_authenticator_is_on_something", condition=~Q(carrier="")),
        ]

    def save(self, *args, **kwargs) -> None:
        """Write the row; the seed only with a new row or by name, lest a stale copy undo a rotation of its key."""
        if not self._state.adding and kwargs.get("update_fields") is None:
            kwargs["update_fields"] = [field.name for field in self._meta.fields if field.name not in ("id", "sealed")]
        super().save(*args, **kwargs)

    def verify_token(self, token: str) -> bool:
        """Accept a code of this or a neighbouring step, once; call through `django_otp.verify_token`, which locks."""
        step = codes.matching_step(self.seed(), token, at=clock.now())
        if step is None or step <= self.last_step:
            return False
        self.last_step = step
        self.set_last_used_timestamp(commit=False)
        self.save()
        return True

    def shows(self, token: str, at: datetime) -> bool:
        """Whether this app shows that code at a moment. It uses nothing up and opens nothing."""
        return codes.matching_step(self.seed(), token, at=at) is not None

    @property
    def shown_at(self) -> datetime:
        """When the step of the newest accepted code began; half a minute too late for an app whose clock is ahead."""
        return datetime.fromtimestamp(self.last_step * codes.STEP, UTC)

    def seed(self) -> bytes:
        """The 20 byte seed, opened for as long as a code is being checked."""
        return sealing.unseal(bytes(self.sealed), context=self.seal_context())

    def seal_context(self) -> bytes:
        """What the sealed seed is bound to: moved to another person or row it does not open."""
        return f"totp:{self.user_id}:{self.uuid}".encode()


class BackupSheet(TimestampMixin, Device):
    """A member's printed sheet of backup codes."""

    made_at = models.DateTimeField()

    kind = "backup codes"

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user"], name="one_sheet_of_backup_codes_each")]

    def verify_token(self, token: str) -> bool:
        """Accept one unused code of this sheet and burn it; call through `django_otp.verify_token`, which locks."""
        digest = codes.backup_digest(token, owner=self.user_id)
        burned = self.codes.filter(digest=digest, used_at=None).update(used_at=clock.now())
        if not burned:
            return False
        self.set_last_used_timestamp(commit=False)
        self.save()
        return True

    def left(self) -> int:
        """How many codes are unused."""
        return self.codes.filter(used_at=None).count()


class BackupCode(models.Model):
    """One code of a sheet, as a keyed digest."""

    sheet = models.ForeignKey(BackupSheet, on_delete=models.CASCADE, related_name="codes")
    digest = models.CharField(max_length=64, unique=True)
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"code {self.pk} of {self.sheet_id}"
