"""The cast: one role a file. Actors are thin; what they decide is decided by pure code to their left."""
