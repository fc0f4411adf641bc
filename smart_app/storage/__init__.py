"""One SQL store of encrypted records."""
