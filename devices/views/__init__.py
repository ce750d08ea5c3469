"""Screens of things, validations and authenticators."""
