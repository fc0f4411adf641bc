"""FHIR: reading a record, and writing a plan back."""
