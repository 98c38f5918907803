"""Every guard that can be left out. Importing this declares them all."""

from __future__ import annotations
