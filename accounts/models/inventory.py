"""Vaults, user names and doors. No column here can hold a secret or a whole account number."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Length

from accounts.brokers import Profile, catalogue
from accounts.enums import LoginKind, Right
from core.trail.history import tracked

models.CharField.register_lookup(Length)

HINT = 4


class AccountQuerySet(models.QuerySet["Account"]):
    def visible_to(self, member) -> AccountQuerySet:
        """Every account for those who see everything, else those that the person’s own logins reach."""
        if member.sees_everything:
            return self
        mine = Grant.objects.open().filter(login__holder=member, login__ended_at=None)
        return self.filter(pk__in=mine.values("account"))

    def open(self) -> AccountQuerySet:
        return self.filter(closed_at=None)


@tracked("AccountHistory", says="An account as it was from one moment on.")
class Account(models.Model):
    """A vault: one brokerage account, known by its name and at most the last four characters of its number."""

    key = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=80)
    broker = models.SlugField(max_length=40)
    entity = models.CharField(max_length=40, blank=True, help_text="Slug of the legal entity that books it.")
    hint = models.CharField(max_length=HINT, blank=True, help_text="The last four characters of its number at most.")
    note = models.CharField(max_length=300, blank=True)
    closed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    objects = AccountQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(name="an_account_number_is_never_whole", condition=Q(hint__length__lte=HINT)),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.masked}".strip()

    @property
    def masked(self) -> str:
        """The number as pages show it; empty when nothing of it is known."""
        return f"•••{self.hint}" if self.hint else ""

    @property
    def profile(self) -> Profile:
        return catalogue()[self.broker]

    @property
    def entity_name(self) -> str:
        """The legal entity in words; the broker’s name when none is set."""
        return self.profile.entity(self.entity).name if self.entity else self.profile.name


class LoginQuerySet(models.QuerySet["Login"]):
    def visible_to(self, member) -> LoginQuerySet:
        """Every login for those who see everything, else the person’s own."""
        return self if member.sees_everything else self.filter(holder=member)

    def open(self) -> LoginQuerySet:
        return self.filter(ended_at=None)


@tracked("LoginHistory", says="A login as it was from one moment on.")
class Login(models.Model):
    """A user name at a broker. One account has several; one login may reach several accounts."""

    key = models.SlugField(max_length=60, unique=True)
    label = models.CharField(max_length=60, help_text="What the office calls it, never the user name itself.")
    broker = models.SlugField(max_length=40)
    hint = models.CharField(max_length=HINT, blank=True, help_text="The last four characters of the user name at most.")
    holder = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="logins", null=True)
    kind = models.CharField(max_length=10, choices=LoginKind, default=LoginKind.PERSON)
    note = models.CharField(max_length=300, blank=True)
    ended_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    objects = LoginQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(name="a_user_name_is_never_whole", condition=Q(hint__length__lte=HINT)),
            models.CheckConstraint(
                name="a_person_s_login_has_a_holder", condition=Q(kind="automation") | Q(holder__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def profile(self) -> Profile:
        return catalogue()[self.broker]


class DoorQuerySet(models.QuerySet["Door"]):
    def visible_to(self, member) -> DoorQuerySet:
        """Every door for those who see everything, else those of the person’s own logins."""
        return self if member.sees_everything else self.filter(login__holder=member)

    def in_use(self) -> DoorQuerySet:
        return self.filter(used=True, login__ended_at=None)


@tracked("DoorHistory", says="A door as it was from one moment on.")
class Door(models.Model):
    """One interface of the broker as one login uses it (or has it switched off)."""

    login = models.ForeignKey(Login, on_delete=models.PROTECT, related_name="doors")
    interface = models.SlugField(max_length=40, help_text="Slug of the door in the broker’s profile.")
    used = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    objects = DoorQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["login", "interface"], name="a_login_has_each_door_once")]

    def __str__(self) -> str:
        return f"{self.name} ({self.login.label})"

    @property
    def name(self) -> str:
        return self.login.profile.door(self.interface).name

    @property
    def short(self) -> str:
        return self.login.profile.door(self.interface).short_name


class GrantQuerySet(models.QuerySet["Grant"]):
    def visible_to(self, member) -> GrantQuerySet:
        return self if member.sees_everything else self.filter(login__holder=member)

    def open(self) -> GrantQuerySet:
        return self.filter(ended_at=None)


@tracked("GrantHistory", says="Rights as they were from one moment on.")
class Grant(models.Model):
    """What one login may do in one account, from a day until it ends."""

    login = models.ForeignKey(Login, on_delete=models.PROTECT, related_name="grants")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="grants")
    rights = ArrayField(models.CharField(max_length=20, choices=Right))
    granted_on = models.DateField(null=True)
    ended_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    objects = GrantQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["login", "account"], condition=Q(ended_at=None), name="one_open_grant_for_login_and_account"
            ),
            models.CheckConstraint(name="a_grant_gives_something", condition=Q(rights__len__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.login} at {self.account}"

    def rights_in_words(self) -> str:
        """“View and trade”; in the order of the enum."""
        words = [label.lower() for value, label in Right.choices if value in self.rights]
        return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words).capitalize()
