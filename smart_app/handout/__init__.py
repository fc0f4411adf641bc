"""The patient handout and its relatives: text blocks, PDF, calendar."""
