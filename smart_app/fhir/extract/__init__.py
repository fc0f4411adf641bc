"""Pure extractors: FHIR resources and a code map become facts."""
