"""What the tests of core share."""

from tests.mail import sink

__all__ = ["sink"]
