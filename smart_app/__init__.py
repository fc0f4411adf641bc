"""Aftercare: survivorship care plans for breast cancer, drafted from the record (SMART on FHIR, FHIR R4)."""

__version__ = "0.1.0"
