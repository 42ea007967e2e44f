"""What the venue wrote when it had one account, no lists and no queues is read as it was meant."""

import base64
import zlib
from decimal import Decimal

from tests.exchanges.test_simulated_engine import make_engine, quote, trade
from tradigrade.exchanges.simulated.state import VenueState

D = Decimal
SNAPSHOT = (
    b"c-pnq&u-H&90%}q-FO3DqjJhBmLsqZRb&j&PKcA`#%^UTO}f|tdSrqNocah+{<hKvkATLRSK!S4y#sdAG|5CogTyWVlb_v>)2}~A"
    b"Z-~vPW!563>y~5k_i-N?$kYit^^dxHy;FZ+6B0dCz)nMLg@&ac6C5cj01W`V$Gs=%ggIz5cT}|n09efNK;uDZ*;v&7So^tgKTe(@"
    b"#kHAkP-1fN7;tn<?2t`HeanbMF}b4OM~ukI!HHvWlI+4~6pOy2*FK+&NqF$+<+FD0jMEW;)Pw`e)`|C2yfL<^PFxV5ILPFbPkgb<"
    b")_GC~W_@n9Ll?|-n;=dw9I+quUvp=S^H#_>;tmV<JDS$si^)5pJ7O@cn6+S1I#Ph-Xw4b7#&EHR;4Pw@U7T|pQG=R8h>5|`MkEIN"
    b"#2&g}vxu^pqj+LQWs*Sa9CTKS1oFIc6>&7mDwHri+LFv=N#=4P<2`S`TC%v{j)}mnpdnS8^&&_;2l0oNxweSkZEM;(Bu!;q5;<1#"
    b"xGH&E{Ra;hY!xxK3K+6Vb&N0F-r)<V9d^6$FJH>8`mZe4C6?>zEa_*O(tKY{vt6XwE~bfmqq@y(X|qP6R1&!<iQH5di4}D>N!mZ7"
    b";2b5?4T}*xtpx*W7;O3}7E>{id7CHiU7IXIvcH7TSIXJx4U%jZ13+f`Of(^4jPQhXB;)%cKs=4iGXpUWmnV}pm)n@9zf)W`>|V*`"
    b"HXd7y%7Je)G23JVac4|FxcuwBV`A1@blC(4$<oOghG-<OE4P)ce)}7kG1fZ"
)
"""Four open orders after a trade: an iceberg, a limit, a stop with a limit, and a trail at its first price."""
LOG = (
    b"c-p0r%}T^D5P*Yi@nxi@H+z&?PqKRODkU`I8tf*!$@HMNMFg+)4VK-OQhy#o&pwMjg6ZmpUPQrxz~pD<`-TugcB`8OJ|1fh`cyMf"
    b"0B=>l$pjBNgKC;hwaB53;=MQyDJ6uY)$IZw)+I@y%%H++3^FWDo9vI0^e8>(G|WmcXz!Yw$sCHBVKy;u-n(sdR^4qH9g1Rz-fB@Z"
    b"4t-Xy`E?XiO50h<BnrG*(U3;VbAZk!HX^&~3A+USx&eGx!2I40_xwGa7>_{@7`}V?lZEdrJZE9USuAPzB@u=FIdu{*f0hV-l?a@K"
    b"{|||s{+pjplo2SD94Q3e7**;V<|{0<^tubB#kG=|G~1tw8`a+"
)
"""The trail moved, the limit was cancelled, a trade triggered both stops and filled a part of the iceberg."""


def payloads(packed):
    data = zlib.decompress(base64.b85decode(packed))
    while data:
        size = int.from_bytes(data[:4], "big")
        yield data[4 : 4 + size]
        data = data[4 + size :]


def old_state():
    state = VenueState()
    state.restore(zlib.decompress(base64.b85decode(SNAPSHOT)))
    return state


def test_an_old_snapshot_and_the_log_behind_it_give_the_account_as_it_was():
    state = old_state()
    assert {order.client_id: (order.status, order.waits) for order in state.books.orders.values()} == {
        "taker": ("FILLED", False), "ice": ("NEW", False), "gone": ("NEW", False), "stop": ("NEW", True),
        "trail": ("NEW", True),
    }  # fmt: skip
    state.replay(payloads(LOG))
    assert {order.client_id: (order.status, order.executed) for order in state.books.orders.values()} == {
        "taker": ("FILLED", D("0.05")), "ice": ("PARTIALLY_FILLED", D("0.01")), "gone": ("CANCELED", 0),
        "stop": ("FILLED", D("0.1")), "trail": ("FILLED", D("0.1")),
    }  # fmt: skip
    held = {asset: (each.free, each.locked) for asset, each in state.books.account.balances.items()}
    assert held == {"USDT": (D("11100.7502"), D(1710)), "BTC": (D("0.35994"), 0)}
    assert (state.books.executions, state.books.position.source) == (12, {"turn": 3})


def test_an_old_venue_goes_on_where_it_stood():
    engine = make_engine(state=old_state())
    ice, trail = (engine.find_order("BTCUSDT", None, name) for name in ("ice", "trail"))
    assert (ice.shown, ice.rank, trail.stop_price) == (D("0.02"), ice.order_id, D(19_800))
    engine.observe("BTCUSDT", quote(), 2_000)
    engine.observe("BTCUSDT", trade("19000", "1"), 2_000)
    assert ice.executed == D("0.02")
    assert trail.status == "FILLED"
    again = VenueState()
    again.restore(engine.state.snapshot())
    assert again.books == engine.state.books
