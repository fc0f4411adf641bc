"""The sandbox EHR: a SMART authorization server, a FHIR R4 endpoint and a chart, for the demo and the tests only."""
