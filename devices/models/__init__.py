"""Things, validations and authenticators."""

from devices.models.handing import HandOver, HandOverQuerySet
from devices.models.inventory import (
    Asset,
    AssetQuerySet,
    Authenticator,
    AuthenticatorCarrier,
    AuthenticatorQuerySet,
    Validation,
    ValidationQuerySet,
)

__all__ = [
    "Asset",
    "AssetQuerySet",
    "Authenticator",
    "AuthenticatorCarrier",
    "AuthenticatorQuerySet",
    "HandOver",
    "HandOverQuerySet",
    "Validation",
    "ValidationQuerySet",
]
