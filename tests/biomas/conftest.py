"""Stages are tested without a runner."""

from __future__ import annotations

from fake_task import fake_task

__all__ = ["fake_task"]
