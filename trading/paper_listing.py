"""The hundred pairs that the paper venue can list: opening prices of a plausible size, and steps to go with them."""

from decimal import Decimal

from .instruments import PAPER_INSTRUMENTS, Instrument

_OPENING_PRICES = """
BTC 30000 ETH 2000 BNB 300 SOL 100 XRP 0.6 ADA 0.4 DOGE 0.08 LTC 70
AVAX 35 DOT 7 LINK 15 TRX 0.1 BCH 240 UNI 6 ATOM 10 XLM 0.12 ETC 20 FIL 5 APT 9 NEAR 4
ICP 12 HBAR 0.08 VET 0.03 ARB 1.8 OP 3 INJ 30 AAVE 100 ALGO 0.2 QNT 110 GRT 0.15 MKR 1400 SAND 0.5
MANA 0.45 AXS 7 THETA 1 EGLD 55 FTM 0.4 XTZ 0.9 EOS 0.7 FLOW 0.8 KAVA 0.7 NEO 12 CHZ 0.09 IOTA 0.25
ZEC 28 DASH 30 XMR 160 CRV 0.6 SNX 3 COMP 55 LDO 2.5 RUNE 5 DYDX 2.5 IMX 2 GALA 0.02 ENJ 0.3
ZIL 0.02 BAT 0.25 ONE 0.015 HOT 0.002 ANKR 0.025 CELO 0.7 KSM 35 WAVES 2.2 QTUM 3 OMG 0.7 ICX 0.22 ONT 0.25
ZRX 0.35 IOST 0.009 SXP 0.35 RVN 0.018 SC 0.006 STORJ 0.6 YFI 8000 SUSHI 1.1 BAL 4 KNC 0.65 REN 0.06 BAND 1.6
OCEAN 0.5 SKL 0.05 CTSI 0.18 AUDIO 0.2 RLC 1.8 NMR 18 UMA 2 LRC 0.25 CELR 0.018 COTI 0.06 DENT 0.001 WOO 0.3
MINA 1.2 ROSE 0.09 GMT 0.3 JASMY 0.006 PEOPLE 0.03 ENS 12 API3 2 STX 1.5
"""

OPENING_PRICES = {
    f"{base}/USDT": Decimal(price)
    for base, price in zip(_OPENING_PRICES.split()[::2], _OPENING_PRICES.split()[1::2], strict=True)
}
"""By symbol, the most traded first."""


def _instrument(symbol: str, price: Decimal) -> Instrument:
    """A tick of 1 to 10 hundredths of a per cent of the price, and an amount step worth 1 to 10 cents or, of a cheap
    coin, one coin."""
    base, _, quote = symbol.partition("/")
    magnitude = price.adjusted()
    tick_size = Decimal(1).scaleb(max(magnitude - 4, -8))
    step_size = Decimal(1).scaleb(max(min(-magnitude - 2, 0), -5))
    return Instrument(
        symbol=symbol,
        venue_symbol=f"{base}{quote}",
        base=base,
        quote=quote,
        tick_size=tick_size,
        step_size=step_size,
        min_amount=step_size,
        max_amount=step_size * 10**9,
        min_notional=Decimal(5),
    )


LISTING = {
    symbol: PAPER_INSTRUMENTS.get(symbol) or _instrument(symbol, price) for symbol, price in OPENING_PRICES.items()
}
"""Every pair by symbol."""
