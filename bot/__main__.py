"""`python -m bot`."""

import sys

try:
    from bot.cli import main

    code = main(sys.argv[1:])
except KeyboardInterrupt:  # before anything was begun, or after its end
    code = 130
sys.exit(code)
