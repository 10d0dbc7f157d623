"""Optimisation: a sampler chooses the parameters of each next trial from those before."""

from __future__ import annotations

from tradectl_sdk.pipelines.optimizing.optimizing import optimize
from tradectl_sdk.pipelines.optimizing.weighing import OptimizeResult

__all__ = ["OptimizeResult", "optimize"]
