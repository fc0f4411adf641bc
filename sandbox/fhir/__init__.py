"""The FHIR R4 endpoint of the sandbox: keeping, finding, reading and writing resources."""
