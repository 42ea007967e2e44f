"""Which of the supervisors' reports halt everything: pure."""

from ..supervisors.reports import SupervisorReport

ACCOUNT_GROUP = "trader/trading/account"
"""Ledger, executor and risk: who gives one of them up gives trading up."""


def halt_on(report: SupervisorReport) -> str:
    """The reason to halt; empty where there is none."""
    gives_up_account = f"{ACCOUNT_GROUP}/".startswith(f"{report.supervisor}/")
    if report.kind != "gave_up" or not gives_up_account:
        return ""
    return f"{report.supervisor} gave up: {report.child} failed too often: {report.reason}"
