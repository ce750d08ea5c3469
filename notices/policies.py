"""Who may do what with notices and letters: predicates without queries."""

from __future__ import annotations


def may_answer(member, answer) -> bool:
    """Everybody answers for themselves, but an auditor changes nothing."""
    return answer.member_id == member.pk and not member.is_auditor


def may_answer_for(member, *, is_asked_here: bool) -> bool:
    """A manager writes down the answer of somebody who can't give it here, having told them in person."""
    return member.is_manager and not is_asked_here


def may_read_letters(member) -> bool:
    """Everybody reads their own letters; which others is the queryset's decision."""
    return member.is_active
