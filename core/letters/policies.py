"""Who may do what with letters."""

from __future__ import annotations


def may_send_again(member) -> bool:
    return member.is_manager
