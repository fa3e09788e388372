"""`arena verify`: recounts exports with no service and no database."""

from app.verify.audit import verify_audit
from app.verify.check import Check, Problem, Verification
from app.verify.export_file import Unreadable, read_export
from app.verify.recount import verify_ledger
from app.verify.words import told

__all__ = ["Check", "Problem", "Unreadable", "Verification", "read_export", "told", "verify_audit", "verify_ledger"]
