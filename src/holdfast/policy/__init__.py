"""Decisions, pure: events and time in, actions out."""
