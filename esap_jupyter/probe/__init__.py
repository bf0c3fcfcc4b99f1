"""Synthetic users who do what people do at a hub: to see that a site works, and how much it bears.

They come by HTTP only, as people do: to the hub's REST API, and to the servers that it starts for them. What
is measured and how a run ends is in `run`; nothing here knows how a hub or a gateway is made.
"""

from esap_jupyter.probe.report import Failure, ProbeReport, Step, StepReport
from esap_jupyter.probe.run import Plan, Probe
from esap_jupyter.probe.server import Wanted

__all__ = ["Failure", "Plan", "Probe", "ProbeReport", "Step", "StepReport", "Wanted"]
