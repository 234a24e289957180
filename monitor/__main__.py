"""``python -m monitor`` is ``umbrage``."""

from monitor.cli import main

main()
