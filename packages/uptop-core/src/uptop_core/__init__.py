"""The library of uptop: look at something, and combine what several places saw.

from uptop_core import HttpCheck, aggregate, run_check
"""

from uptop_core.check import Check, Condition
from uptop_core.checks.dns import DnsCheck
from uptop_core.checks.group import GroupCheck
from uptop_core.checks.http import HttpCheck
from uptop_core.checks.ping import PingCheck
from uptop_core.checks.port import PortCheck
from uptop_core.checks.push import PushCheck
from uptop_core.errors import (
    CheckFailed,
    ConfigError,
    InputError,
    LeaderError,
    MissingExtra,
    Problem,
    SettingError,
    UptopError,
)
from uptop_core.looks import Vantage
from uptop_core.monitors import Monitor
from uptop_core.outcomes import Certificate, FailedCondition, Outcome, Reason, Timings
from uptop_core.prober.sockets import SharedSockets
from uptop_core.run_check import run_check
from uptop_core.verdicts import Strategy, Tally, Verdict, aggregate
from uptop_core.votes import Vote

__all__ = [
    "Certificate",
    "Check",
    "CheckFailed",
    "Condition",
    "ConfigError",
    "DnsCheck",
    "FailedCondition",
    "GroupCheck",
    "HttpCheck",
    "InputError",
    "LeaderError",
    "MissingExtra",
    "Monitor",
    "Outcome",
    "PingCheck",
    "PortCheck",
    "Problem",
    "PushCheck",
    "Reason",
    "SettingError",
    "SharedSockets",
    "Strategy",
    "Tally",
    "Timings",
    "UptopError",
    "Vantage",
    "Verdict",
    "Vote",
    "aggregate",
    "run_check",
]
