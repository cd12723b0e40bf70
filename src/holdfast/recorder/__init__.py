"""Supervisors and use cases: feed events to policies, carry out the actions through ports."""
