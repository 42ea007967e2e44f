"""Pre-trade risk as pure checks: what is wanted and what is known go in; an order, a refusal or nothing comes out.

It fails closed: what is missing (no price, no balance, a stale market) refuses. Open, unknown and approved-but-unsent
orders count at their worst. Read `checks.py` first: one visible table, one function a check.
"""

from .checks import CHECKS as CHECKS
from .checks import GATES as GATES
from .exposure import Exposure as Exposure
from .judging import judge as judge
from .view import MARKET_SLACK as MARKET_SLACK
from .view import Asked as Asked
from .view import Draft as Draft
from .view import Measured as Measured
from .view import Refusal as Refusal
from .view import RiskView as RiskView
from .view import asked_id as asked_id
