"""The office and its members."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, ClassVar, NamedTuple
from zoneinfo import available_timezones

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from core.clock import local_day
from identity.enums import Role


class Limits(NamedTuple):
    """How long a session may rest and how long it may last, in seconds."""

    idle: int = 30 * 60
    longest: int = 12 * 60 * 60


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
    idle_minutes = models.PositiveSmallIntegerField(
        default=30, help_text="How long a session may rest before it ends; for traders and auditors."
    )
    session_hours = models.PositiveSmallIntegerField(
        default=12, help_text="How long a session may last however busy; for traders and auditors."
    )
    strict_idle_minutes = models.PositiveSmallIntegerField(
        default=30, help_text="The same for owners and managers, never longer."
    )
    strict_session_hours = models.PositiveSmallIntegerField(
        default=12, help_text="The same for owners and managers, never longer."
    )
    reset_hours = models.PositiveSmallIntegerField(
        default=24, help_text="How long a reset of an owner’s or manager’s factors waits."
    )
    trader_reset_hours = models.PositiveSmallIntegerField(
        default=4, help_text="How long a reset of anybody else’s factors waits."
    )
    passkey_host = models.CharField(max_length=253, blank=True, help_text="The host name that passkeys are bound to.")
    passkey_alone = models.BooleanField(default=False, help_text="Whether a passkey opens without the password.")
    owner_factors = models.PositiveSmallIntegerField(default=2, help_text="How many independent factors owners need.")
    manager_factors = models.PositiveSmallIntegerField(default=2)
    trader_factors = models.PositiveSmallIntegerField(default=1)
    auditor_factors = models.PositiveSmallIntegerField(default=1)
    factor_grace_days = models.PositiveSmallIntegerField(default=7, help_text="How long a person has to meet the rule.")
    factors_ruled_at = models.DateTimeField(help_text="When the rule on factors last became stricter.")
    checkup_days = models.PositiveSmallIntegerField(
        default=91, help_text="How often people try each of their factors; 0 for never."
    )
    is_demo = models.BooleanField(default=False)
    set_up_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="there_is_one_office", condition=Q(pk=1)),
            models.CheckConstraint(
                name="the_warning_comes_before_the_end", condition=Q(warn_days__lt=models.F("validity_days"))
            ),
            models.CheckConstraint(
                name="a_session_rests_five_to_sixty_minutes",
                condition=Q(strict_idle_minutes__gte=5, idle_minutes__lte=60),
            ),
            models.CheckConstraint(
                name="a_session_lasts_one_to_twenty_four_hours",
                condition=Q(strict_session_hours__gte=1, session_hours__lte=24),
            ),
            models.CheckConstraint(
                name="who_may_do_more_has_no_longer_sessions",
                condition=Q(strict_idle_minutes__lte=models.F("idle_minutes"))
                & Q(strict_session_hours__lte=models.F("session_hours")),
            ),
            models.CheckConstraint(
                name="a_reset_leaves_time_to_stop_it",
                condition=Q(reset_hours__range=(12, 168), trader_reset_hours__range=(1, 168)),
            ),
            models.CheckConstraint(
                name="a_role_needs_one_factor_or_two_independent_ones",
                condition=Q(
                    owner_factors__range=(1, 2),
                    manager_factors__range=(1, 2),
                    trader_factors__range=(1, 2),
                    auditor_factors__range=(1, 2),
                ),
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

    def lasting_owners(self) -> MemberQuerySet:
        """Owners on whom the office can count: they have joined, and no last day is set."""
        return self.owners().filter(joined_at__isnull=False, ends_on=None)


class MemberManager(BaseUserManager["Member"]):
    def get_queryset(self) -> MemberQuerySet:
        return MemberQuerySet(self.model, using=self._db)

    def of_address(self, typed: str) -> Member | None:
        """Whoever signs in with a typed address. Several spellings reach one member: count under the one on file."""
        return self.get_queryset().filter(email__iexact=typed.strip()).first()

    def visible_to(self, member: Member) -> MemberQuerySet:
        return self.get_queryset().visible_to(member)

    def present(self) -> MemberQuerySet:
        return self.get_queryset().present()

    def managers(self) -> MemberQuerySet:
        return self.get_queryset().managers()

    def owners(self) -> MemberQuerySet:
        return self.get_queryset().owners()

    def lasting_owners(self) -> MemberQuerySet:
        return self.get_queryset().lasting_owners()

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
    pseudonymised_at = models.DateTimeField(null=True, help_text="When the name was taken away for good.")
    ends_on = models.DateField(null=True, blank=True, help_text="Last day of an auditor’s or a leaver’s access.")
    joined_at = models.DateTimeField(null=True)
    left_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    factors_checked_at = models.DateTimeField(null=True, help_text="When they last tried each of their factors.")

    # How their factors stand (`identity.rules.Standing`), where a session gave this member back.
    standing: Any = None
    # The factors that count for them, by the name under which a session keeps the one it was opened with.
    factor_ids: frozenset[str] = frozenset()

    objects: ClassVar[MemberManager] = MemberManager()
    # Where a signed-in member comes from, set by the guard of each route; what they do is recorded with it.
    came_from: str | None = None

    # How long a session of theirs may rest and last. Whoever loads the member of a request puts the office's here.
    limits = Limits()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="an_address_belongs_to_one_person"),
            models.CheckConstraint(name="a_digest_hour_is_an_hour", condition=Q(digest_hour__lte=23)),
            models.CheckConstraint(
                name="who_joined_has_an_address", condition=Q(joined_at=None) | Q(email__isnull=False)
            ),
            models.CheckConstraint(
                name="only_who_left_is_pseudonymised",
                condition=Q(pseudonymised_at=None) | Q(left_at__isnull=False),
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

    def is_over(self, at: datetime) -> bool:
        """Whether the last day of access, if any, has ended where the person lives."""
        return self.ends_on is not None and self.ends_on < local_day(at, self.timezone)

    def may_enter(self, today: date) -> bool:
        """Has joined, has not left, and the last day of access, if any, is not over."""
        return self.joined_at is not None and self.is_active and (self.ends_on is None or self.ends_on >= today)
