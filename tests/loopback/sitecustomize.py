"""Python runs this first where its folder is on PYTHONPATH."""

from loopback import loopback_only

loopback_only()
