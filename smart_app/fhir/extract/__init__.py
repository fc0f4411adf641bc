"""
Facts from FHIR resources. PURE: resources and the code map in, a `PatientRecord` out; no I/O, no clock.

`RecordBuilder` takes resources page by page, `extract_file` what a file holds. The judgement rules are written down in
`fhir_mappings/README.md`.
"""

from smart_app.fhir.extract.builder import RecordBuilder, extract_file, extract_record
from smart_app.fhir.extract.observation_page import PageInfo

__all__ = ["PageInfo", "RecordBuilder", "extract_file", "extract_record"]
