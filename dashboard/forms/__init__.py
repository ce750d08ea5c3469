"""What may be typed on pages that compose several apps."""

from dashboard.forms.leaving import LeavingForm
from dashboard.forms.proofs import ProofsForm
from dashboard.forms.trail import HeadField, HeadForm, OnForm, TrailFilter

__all__ = ["HeadField", "HeadForm", "LeavingForm", "OnForm", "ProofsForm", "TrailFilter"]
