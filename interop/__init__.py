"""
The product against software that nobody here wrote: `make interop`.

Starts a HAPI FHIR server and independent checkers from the package registries, runs the product against them, and ends
them. Nothing in here is needed to run the product.
"""
