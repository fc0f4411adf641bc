"""
The text grammar: phrases of English reports and notes that state a tumor fact. Documented in `fhir_mappings/README.md`.

Small on purpose: what is not surely understood is not a fact. Every pattern is linear in the length of the text.
"""
