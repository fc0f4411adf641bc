"""Clinical meaning: facts, rules, schedule, education. Pure: standard library only, no I/O, no clock."""
