"""What is kept: things, the validations made from them, the authenticators they carry."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Length

from accounts.models import Door, Login
from core.trail.history import tracked
from devices.clocks import Reading
from devices.enums import CLOCKED_KINDS, VALIDATED_KINDS, AssetKind, AssetState, How, Outcome, Proof

models.CharField.register_lookup(Length)


class AssetQuerySet(models.QuerySet["Asset"]):
    def visible_to(self, member) -> AssetQuerySet:
        """Every thing for those who see everything; else a person’s own, and shared ones their logins rest on."""
        if member.sees_everything:
            return self
        validated = Validation.objects.standing().filter(door__login__holder=member)
        carried = Authenticator.objects.standing().filter(login__holder=member)
        return self.filter(
            Q(holder=member)
            | Q(holder=None, pk__in=validated.values("device"))
            | Q(holder=None, pk__in=carried.values("carriers"))
        )

    def kept(self) -> AssetQuerySet:
        """Things that were not retired."""
        return self.filter(retired_at=None)

    def at_hand(self) -> AssetQuerySet:
        """Things that are neither lost nor retired."""
        return self.filter(lost_at=None, retired_at=None)


@tracked("AssetHistory", says="A thing as it was from one moment on.")
class Asset(models.Model):
    """A thing that a way in rests on: it can be held, kept somewhere, carried by another thing, lost, retired."""

    key = models.SlugField(max_length=60, unique=True)
    kind = models.CharField(max_length=20, choices=AssetKind)
    name = models.CharField(max_length=80)
    holder = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="assets", null=True, blank=True
    )
    place = models.ForeignKey("self", on_delete=models.PROTECT, related_name="kept_here", null=True, blank=True)
    carried_by = models.ForeignKey("self", on_delete=models.PROTECT, related_name="carries", null=True, blank=True)
    model = models.CharField(max_length=60, blank=True)
    hint = models.CharField(max_length=4, blank=True, help_text="The last four characters of a serial or number.")
    is_spare = models.BooleanField(default=False)
    note = models.CharField(max_length=300, blank=True)
    clock_offset_ms = models.BigIntegerField(null=True, help_text="How far its clock was ahead; negative when behind.")
    clock_margin_ms = models.PositiveIntegerField(null=True, help_text="By how much that may be wrong, either way.")
    clock_checked_at = models.DateTimeField(null=True)
    lost_at = models.DateTimeField(null=True)
    retired_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    objects = AssetQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(name="a_serial_is_never_whole", condition=Q(hint__length__lte=4)),
            models.CheckConstraint(name="nothing_carries_itself", condition=~Q(carried_by=F("id"))),
            models.CheckConstraint(name="nothing_is_kept_in_itself", condition=~Q(place=F("id"))),
            models.CheckConstraint(
                name="a_clock_is_measured_wholly_or_not_at_all",
                condition=Q(clock_offset_ms=None, clock_margin_ms=None, clock_checked_at=None)
                | Q(
                    clock_offset_ms__isnull=False,  # a comparison with NULL is neither true nor false, and would pass
                    clock_margin_ms__isnull=False,
                    clock_checked_at__isnull=False,
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def state(self) -> AssetState:
        if self.retired_at:
            return AssetState.RETIRED
        if self.lost_at:
            return AssetState.LOST
        return AssetState.SPARE if self.is_spare else AssetState.IN_USE

    @property
    def gone_word(self) -> str:
        """“retired” or “lost” for a thing that no longer counts, else empty."""
        return "retired" if self.retired_at else "lost" if self.lost_at else ""

    @property
    def icon(self) -> str:
        return AssetKind(self.kind).icon

    @property
    def has_clock(self) -> bool:
        """Whether a browser on it can measure the clock that codes depend on."""
        return self.kind in CLOCKED_KINDS and not self.gone_word

    @property
    def clock(self) -> Reading | None:
        """What its clock showed when it was last measured."""
        if self.clock_offset_ms is None or self.clock_margin_ms is None:
            return None
        return Reading(self.clock_offset_ms, self.clock_margin_ms)

    @property
    def can_be_validated(self) -> bool:
        """Whether a door can be tried from it today."""
        return self.kind in VALIDATED_KINDS and self.lost_at is None and self.retired_at is None


class ValidationQuerySet(models.QuerySet["Validation"]):
    def visible_to(self, member) -> ValidationQuerySet:
        """Every validation for those who see everything, else those of the person’s own logins or things."""
        if member.sees_everything:
            return self
        return self.filter(Q(door__login__holder=member) | Q(device__holder=member))

    def standing(self) -> ValidationQuerySet:
        """The one that counts for each door and device."""
        return self.filter(ended_at=None)

    def in_force(self) -> ValidationQuerySet:
        """Standing ones whose login, door and device are all in use: the ones anybody need act on."""
        return self.standing().filter(door__in=Door.objects.in_use(), device__in=Asset.objects.at_hand())

    def with_proof(self, at: datetime, warn_days: int) -> ValidationQuerySet:
        """Each row with `proof`, its one of the six states at `at`; `rules.proof_state` says the same in Python."""
        states = [
            When(Q(device__lost_at__isnull=False) | Q(device__retired_at__isnull=False), then=Value(Proof.UNKNOWN)),
            When(outcome=Outcome.EXPECTED, then=Value(Proof.NEVER)),
            When(outcome=Outcome.FAILED, then=Value(Proof.FAILED)),
            When(outcome=Outcome.UNKNOWN, then=Value(Proof.UNKNOWN)),
            When(lapses_at__lte=at, then=Value(Proof.OVERDUE)),
            When(lapses_at__lte=at + timedelta(days=warn_days), then=Value(Proof.DUE)),
        ]
        return self.annotate(proof=Case(*states, default=Value(Proof.PROVEN), output_field=models.CharField()))


@tracked("ValidationHistory", says="A validation as it was from one moment on.")
class Validation(models.Model):
    """The proof, or the lack of it, that a login works through a door from a device.

    A renewal ends the standing row and opens its successor. `lapses_at` is the first moment after its last good day.
    """

    door = models.ForeignKey(Door, on_delete=models.PROTECT, related_name="validations")
    device = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="validations")
    outcome = models.CharField(max_length=10, choices=Outcome)
    proved_at = models.DateTimeField(null=True)
    lapses_at = models.DateTimeField(null=True)
    how = models.CharField(max_length=12, choices=How, blank=True)
    proved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="validations", null=True, blank=True
    )
    note = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    objects = ValidationQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["lapses_at"], name="validations_by_end", condition=Q(ended_at=None))]
        constraints = [
            models.UniqueConstraint(
                fields=["door", "device"],
                condition=Q(ended_at=None),
                name="one_standing_validation_per_door_and_device",
            ),
            models.CheckConstraint(
                name="a_proof_is_dated_and_lapses_later",
                condition=Q(
                    outcome="proven",
                    proved_at__isnull=False,
                    lapses_at__isnull=False,  # a comparison with NULL is neither true nor false, and would pass
                    lapses_at__gt=F("proved_at"),
                )
                | (~Q(outcome="proven") & Q(lapses_at=None)),
            ),
            models.CheckConstraint(
                name="what_nobody_tried_has_no_date", condition=~Q(outcome="expected") | Q(proved_at=None)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.device} at {self.door}"


class AuthenticatorQuerySet(models.QuerySet["Authenticator"]):
    def visible_to(self, member) -> AuthenticatorQuerySet:
        return self if member.sees_everything else self.filter(login__holder=member)

    def standing(self) -> AuthenticatorQuerySet:
        return self.filter(ended_at=None)


@tracked("AuthenticatorHistory", says="An authenticator as it was from one moment on.")
class Authenticator(models.Model):
    """One enrolled factor of a login: that it exists and what carries it. Never its seed."""

    key = models.SlugField(max_length=60, unique=True)
    login = models.ForeignKey(Login, on_delete=models.PROTECT, related_name="authenticators")
    factor = models.SlugField(max_length=40, help_text="Slug of the factor in the broker’s profile.")
    label = models.CharField(max_length=80, blank=True)
    carriers = models.ManyToManyField(Asset, related_name="authenticators", blank=True)
    enrolled_on = models.DateField(null=True, blank=True)
    proved_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=300, blank=True)
    ended_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    objects = AuthenticatorQuerySet.as_manager()

    def __str__(self) -> str:
        return self.label or self.name

    @property
    def name(self) -> str:
        """What the broker calls this kind of factor."""
        return self.login.profile.factor(self.factor).name


@tracked("AuthenticatorCarrierHistory", says="A thing began or ceased to carry an authenticator.")
class AuthenticatorCarrier(Authenticator.carriers.through):  # type: ignore[name-defined]  # made by Django
    """That a thing carries an authenticator; named so that its history can be kept."""

    class Meta:
        proxy = True
