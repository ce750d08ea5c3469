"""Members, their factors, and every attempt at the front door."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import ClassVar
from zoneinfo import available_timezones

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django_otp.models import Device, ThrottlingMixin, TimestampMixin

from core import clock
from identity import codes
from identity.enums import Role, Stage


def real_zone(name: str) -> None:
    """Refuse a time zone that the zone database does not know."""
    if name not in available_timezones():
        raise ValidationError("Choose a time zone from the list, for example Europe/Zurich.")


class Office(models.Model):
    """The one office of this installation, and its own rules. There is exactly one row."""

    name = models.CharField(max_length=80)
    timezone = models.CharField(max_length=60, validators=[real_zone])
    emergency_number = models.CharField(max_length=30, blank=True)
    validity_days = models.PositiveSmallIntegerField(
        default=90, help_text="How long a validation holds where the broker has no rule of its own."
    )
    warn_days = models.PositiveSmallIntegerField(default=14, help_text="From when on a validation counts as due.")
    backup_days = models.PositiveSmallIntegerField(default=180, help_text="How long a tested backup counts as proven.")
    is_demo = models.BooleanField(default=False)
    set_up_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="there_is_one_office", condition=Q(pk=1)),
            models.CheckConstraint(
                name="the_warning_comes_before_the_end", condition=Q(warn_days__lt=models.F("validity_days"))
            ),
        ]

    def __str__(self) -> str:
        return self.name


class MemberQuerySet(models.QuerySet["Member"]):
    def visible_to(self, member: Member) -> MemberQuerySet:
        """Everybody for those who see everything, else the person alone."""
        return self if member.sees_everything else self.filter(pk=member.pk)

    def present(self) -> MemberQuerySet:
        """People who have not left."""
        return self.filter(left_at=None)

    def managers(self) -> MemberQuerySet:
        return self.present().filter(role__in=[Role.OWNER, Role.MANAGER])

    def owners(self) -> MemberQuerySet:
        return self.present().filter(role=Role.OWNER)


class MemberManager(BaseUserManager["Member"]):
    def get_queryset(self) -> MemberQuerySet:
        return MemberQuerySet(self.model, using=self._db)

    def visible_to(self, member: Member) -> MemberQuerySet:
        return self.get_queryset().visible_to(member)

    def present(self) -> MemberQuerySet:
        return self.get_queryset().present()

    def managers(self) -> MemberQuerySet:
        return self.get_queryset().managers()

    def owners(self) -> MemberQuerySet:
        return self.get_queryset().owners()

    def get_by_natural_key(self, username: str | None) -> Member:
        return self.get(email__iexact=username)


class Member(AbstractBaseUser):
    """A person of the office. Without an address or a password they hold things but never sign in."""

    key = models.SlugField(max_length=60, unique=True, help_text="The name by which imports know this person.")
    name = models.CharField(max_length=80)
    email = models.EmailField(null=True, blank=True)
    role = models.CharField(max_length=10, choices=Role, default=Role.TRADER)
    timezone = models.CharField(max_length=60, validators=[real_zone])
    digest_hour = models.PositiveSmallIntegerField(default=7)
    phone = models.CharField(max_length=30, blank=True)
    note = models.CharField(max_length=300, blank=True)
    theme = models.CharField(
        max_length=5, blank=True, choices=[("", "As the system"), ("light", "Light"), ("dark", "Dark")]
    )
    ends_on = models.DateField(null=True, blank=True, help_text="Last day of an auditor’s or a leaver’s access.")
    joined_at = models.DateTimeField(null=True)
    left_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    objects: ClassVar[MemberManager] = MemberManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="an_address_belongs_to_one_person"),
            models.CheckConstraint(name="a_digest_hour_is_an_hour", condition=Q(digest_hour__lte=23)),
            models.CheckConstraint(
                name="who_joined_has_an_address", condition=Q(joined_at=None) | Q(email__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_active(self) -> bool:  # type: ignore[override]  # a plain attribute in Django, here it is computed
        return self.left_at is None

    @property
    def is_owner(self) -> bool:
        return self.role == Role.OWNER

    @property
    def is_manager(self) -> bool:
        return self.role in (Role.OWNER, Role.MANAGER)

    @property
    def is_auditor(self) -> bool:
        return self.role == Role.AUDITOR

    @property
    def sees_everything(self) -> bool:
        return self.role != Role.TRADER

    @property
    def first_name(self) -> str:
        return self.name.split()[0] if self.name else ""

    def may_enter(self, today: date) -> bool:
        """Has joined, has not left, and the last day of access, if any, is not over."""
        return self.joined_at is not None and self.is_active and (self.ends_on is None or self.ends_on >= today)


class CappedThrottle(ThrottlingMixin):
    """django-otp's growing delay, but never above two minutes: a stranger can slow a person down, not lock them out."""

    MOST_COUNTED = 8

    class Meta:
        abstract = True

    def throttle_increment(self, commit: bool = True) -> None:
        self.throttling_failure_timestamp = clock.now()
        self.throttling_failure_count = min(self.throttling_failure_count + 1, self.MOST_COUNTED)
        if commit:
            self.save()

    def get_throttle_factor(self) -> int:
        return 1


class TotpDevice(TimestampMixin, CappedThrottle, Device):
    """An authenticator app of a member. The seed is sealed with a key that is not in the database."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    sealed = models.BinaryField()
    last_step = models.BigIntegerField(default=-1, help_text="The newest time step whose code was accepted.")

    def verify_token(self, token: str) -> bool:
        """Accept a code of this or a neighbouring step, once; call through `django_otp.verify_token`, which locks."""
        allowed, _ = self.verify_is_allowed()
        if not allowed:
            return False
        step = codes.matching_step(self.seed(), token, at=clock.now())
        if step is None or step <= self.last_step:
            self.throttle_increment()
            return False
        self.last_step = step
        self.throttle_reset(commit=False)
        self.set_last_used_timestamp(commit=False)
        self.save()
        return True

    def seed(self) -> bytes:
        """The 20 byte seed, opened for as long as a code is being checked."""
        return codes.unseal(bytes(self.sealed), context=self.seal_context())

    def seal_context(self) -> bytes:
        """What the sealed seed is bound to: moved to another person or row it does not open."""
        return f"totp:{self.user_id}:{self.uuid}".encode()


class BackupSheet(TimestampMixin, CappedThrottle, Device):
    """A member's printed sheet of backup codes."""

    made_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user"], name="one_sheet_of_backup_codes_each")]

    def verify_token(self, token: str) -> bool:
        """Accept one unused code of this sheet and burn it; call through `django_otp.verify_token`, which locks."""
        allowed, _ = self.verify_is_allowed()
        if not allowed:
            return False
        digest = codes.backup_digest(token, owner=self.user_id)
        burned = self.codes.filter(digest=digest, used_at=None).update(used_at=clock.now())
        if not burned:
            self.throttle_increment()
            return False
        self.throttle_reset(commit=False)
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


class SetupToken(models.Model):
    """The one-time token that the terminal shows on the first start. Only its digest is kept."""

    digest = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"set-up token of {self.made_at:%Y-%m-%d}"


class Invitation(models.Model):
    """A single-use link by which one person chooses a password and enrols.

    The link's token is derived from the row's own number and the pepper, so nothing here or in the letter holds it.
    """

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="invitations")
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    address = models.EmailField(help_text="The address it was sent to; a changed address makes it void.")
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="an_invitation_expires_after_it_was_made", condition=Q(expires_at__gt=models.F("made_at"))
            ),
            models.UniqueConstraint(
                fields=["member"],
                condition=Q(used_at=None, revoked_at=None),
                name="one_open_invitation_each",
            ),
        ]

    def __str__(self) -> str:
        return f"invitation of {self.member_id}"

    def token(self) -> str:
        """What the link carries: the row's number and its keyed digest."""
        return f"{self.uuid.hex}{codes.digest(f'join:{self.uuid.hex}')[:40]}"

    def is_open(self, at: datetime) -> bool:
        return self.used_at is None and self.revoked_at is None and self.expires_at > at


class SignIn(models.Model):
    """One attempt at one question of the front door, right or wrong. The throttle counts these rows."""

    at = models.DateTimeField()
    stage = models.CharField(max_length=10, choices=Stage)
    name = models.CharField(max_length=64, help_text="Keyed digest of the address that was typed.")
    network = models.GenericIPAddressField(null=True)
    ok = models.BooleanField()
    member = models.ForeignKey(Member, on_delete=models.CASCADE, null=True, related_name="sign_ins")

    class Meta:
        indexes = [
            models.Index(fields=["name", "network", "-at"], name="sign_ins_by_name"),
            models.Index(fields=["network", "-at"], name="sign_ins_by_network"),
        ]

    def __str__(self) -> str:
        return f"{self.stage} at {self.at:%Y-%m-%d %H:%M}"


class CallRequest(models.Model):
    """Somebody locked out asked, before sign-in, to be called. It names a number, never a person on file."""

    at = models.DateTimeField()
    name = models.CharField(max_length=80)
    number = models.CharField(max_length=30)
    lost = models.CharField(max_length=120, blank=True)
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, related_name="+")

    def __str__(self) -> str:
        return f"{self.name}, {self.number}"
