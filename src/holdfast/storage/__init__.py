"""Files of segments: exclusive creation, appending, syncing, finishing, repair after a crash."""
