"""Figures and the report: one HTML file that opens anywhere, without a server and without a network."""

from migralab.report.content import (
    Curve,
    DoseResponse,
    GrowthCurve,
    MeasuredMicrograph,
    Picture,
    PublishedSeries,
    Report,
)
from migralab.report.page import write_report

__all__ = [
    "Curve",
    "DoseResponse",
    "GrowthCurve",
    "MeasuredMicrograph",
    "Picture",
    "PublishedSeries",
    "Report",
    "write_report",
]
