"""Maria, her login, its door and her laptop, as the tests of devices have them."""

from tests.devices.conftest import door, laptop, login

__all__ = ["door", "laptop", "login"]
