"""`python -m smart_app` is `aftercare`."""

import sys

from smart_app.cli import main

sys.exit(main())
