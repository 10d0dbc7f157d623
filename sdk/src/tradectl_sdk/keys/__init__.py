"""Keys: where they are kept, how settings point to secrets, and how they stay out of sight.

Only a gateway asks for an exchange's key, and only a session's supervisor for a notifier's.
"""

from __future__ import annotations

from tradectl_sdk.keys.entry import PARTS, KeyEntry, checked_name
from tradectl_sdk.keys.files import FileKeys, read_private
from tradectl_sdk.keys.permissions import Verdict, judge, objections
from tradectl_sdk.keys.places import EnvironmentKeys, KeyPlace, KeyringKeys, ServiceKeys
from tradectl_sdk.keys.redaction import Redactor, ScrubbedStream
from tradectl_sdk.keys.references import resolve
from tradectl_sdk.keys.store import Kept, KeyStore

__all__ = [
    "PARTS",
    "EnvironmentKeys",
    "FileKeys",
    "Kept",
    "KeyEntry",
    "KeyPlace",
    "KeyStore",
    "KeyringKeys",
    "Redactor",
    "ScrubbedStream",
    "ServiceKeys",
    "Verdict",
    "checked_name",
    "judge",
    "objections",
    "read_private",
    "resolve",
]
