"""`arena verify`: recounts an export with no service and no database."""

from app.verify.export_file import Unreadable, read_export
from app.verify.recount import Check, Problem, Verification, verify_ledger
from app.verify.words import told

__all__ = ["Check", "Problem", "Unreadable", "Verification", "read_export", "told", "verify_ledger"]
