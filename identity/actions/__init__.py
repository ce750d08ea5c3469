"""Everything that changes people, factors and the office itself."""

from identity.actions.calls import call_done, request_call
from identity.actions.enrolment import (
    begin_authenticator,
    choose_password,
    confirm_authenticator,
    finish_enrolment,
    make_backup_codes,
)
from identity.actions.factors import add_passkey, begin_another, change_factor, finish_checkup, remove_factor
from identity.actions.gate import (
    Answer,
    note_failure,
    note_signed_in,
    note_signed_out,
    try_backup_code,
    try_code,
    try_passkey,
    try_password,
)
from identity.actions.helping import free_key
from identity.actions.inviting import LINK_GOES_HERE, invite
from identity.actions.office import RULE_FIELDS, change_factor_rule, change_office
from identity.actions.people import OWN_FIELDS, add_member, change_member, change_own_settings, end_membership
from identity.actions.setup import begin_office, make_setup_token, setup_token_is_good

__all__ = [
    "LINK_GOES_HERE",
    "OWN_FIELDS",
    "RULE_FIELDS",
    "Answer",
    "add_member",
    "add_passkey",
    "begin_another",
    "begin_authenticator",
    "begin_office",
    "call_done",
    "change_factor",
    "change_factor_rule",
    "change_member",
    "change_office",
    "change_own_settings",
    "choose_password",
    "confirm_authenticator",
    "end_membership",
    "finish_checkup",
    "finish_enrolment",
    "free_key",
    "invite",
    "make_backup_codes",
    "make_setup_token",
    "note_failure",
    "note_signed_in",
    "note_signed_out",
    "remove_factor",
    "request_call",
    "setup_token_is_good",
    "try_backup_code",
    "try_code",
    "try_passkey",
    "try_password",
]
