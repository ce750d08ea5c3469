"""Everything that changes people, factors and the office itself."""

from identity.actions.addresses import ask_address, confirm_address, revoke_address
from identity.actions.away import end_away, set_away
from identity.actions.browsers import Acquainted, forget_browser, forget_browsers, know_browser
from identity.actions.calls import call_done, request_call
from identity.actions.enrolment import (
    begin_authenticator,
    choose_password,
    confirm_authenticator,
    finish_enrolment,
    make_backup_codes,
)
from identity.actions.factors import add_passkey, begin_another, change_factor, finish_checkup, remove_factor
from identity.actions.failures import forget_tries, lift_waits, tell_failures, tell_of_shut_doors
from identity.actions.gate import (
    Answer,
    note_proof,
    note_signed_in,
    note_signed_out,
    try_backup_code,
    try_code,
    try_passkey,
    try_password,
    try_setup_token,
)
from identity.actions.helping import acting, free_key
from identity.actions.inviting import LINK_GOES_HERE, invite, revoke_invitation
from identity.actions.office import RULE_FIELDS, change_factor_rule, change_office
from identity.actions.passwords import (
    change_password,
    choose_password_anew,
    forgot_password,
    post_password_resets,
    use_password_reset,
)
from identity.actions.people import (
    OWN_FIELDS,
    add_member,
    change_member,
    change_own_settings,
    end_membership,
    keep_an_owner,
)
from identity.actions.pseudonym import pseudonymise
from identity.actions.resetting import (
    confirm_reset,
    new_seed_for,
    open_reset,
    recover_owner,
    seed_of,
    stop_reset,
    use_reset,
)
from identity.actions.sessions import (
    begin_session,
    close_session,
    drop_unsent,
    end_session,
    end_sessions,
    end_sessions_of,
    hold_open,
    keep_unsent,
    note_seen,
    tidy_sessions,
)
from identity.actions.setup import begin_office, make_setup_token, setup_token_is_good

__all__ = [
    "LINK_GOES_HERE",
    "OWN_FIELDS",
    "RULE_FIELDS",
    "Acquainted",
    "Answer",
    "acting",
    "add_member",
    "add_passkey",
    "ask_address",
    "begin_another",
    "begin_authenticator",
    "begin_office",
    "begin_session",
    "call_done",
    "change_factor",
    "change_factor_rule",
    "change_member",
    "change_office",
    "change_own_settings",
    "change_password",
    "choose_password",
    "choose_password_anew",
    "close_session",
    "confirm_address",
    "confirm_authenticator",
    "confirm_reset",
    "drop_unsent",
    "end_away",
    "end_membership",
    "end_session",
    "end_sessions",
    "end_sessions_of",
    "finish_checkup",
    "finish_enrolment",
    "forget_browser",
    "forget_browsers",
    "forget_tries",
    "forgot_password",
    "free_key",
    "hold_open",
    "invite",
    "keep_an_owner",
    "keep_unsent",
    "know_browser",
    "lift_waits",
    "make_backup_codes",
    "make_setup_token",
    "new_seed_for",
    "note_proof",
    "note_seen",
    "note_signed_in",
    "note_signed_out",
    "open_reset",
    "post_password_resets",
    "pseudonymise",
    "recover_owner",
    "remove_factor",
    "request_call",
    "revoke_address",
    "revoke_invitation",
    "seed_of",
    "set_away",
    "setup_token_is_good",
    "stop_reset",
    "tell_failures",
    "tell_of_shut_doors",
    "tidy_sessions",
    "try_backup_code",
    "try_code",
    "try_passkey",
    "try_password",
    "try_setup_token",
    "use_password_reset",
    "use_reset",
]
