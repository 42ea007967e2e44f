"""Property tests draw the same examples in every run; `HYPOTHESIS_PROFILE=search` draws new ones, as `make ci` does."""

import os

from hypothesis import settings

settings.register_profile("fixed", deadline=None, derandomize=True)
settings.register_profile("search", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))
