"""Tells the world outside of alarms: a command, a webhook, and a sign of life. Recording never waits for any of it."""
