"""Kernels: plain Python objects that also run as machine code."""

from __future__ import annotations

from tradectl_sdk.errors import NotCompilableError
from tradectl_sdk.kernel.compiled import CompiledKernel, compile_kernel

__all__ = ["CompiledKernel", "NotCompilableError", "compile_kernel"]
