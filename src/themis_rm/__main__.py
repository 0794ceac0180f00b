"""``python -m themis_rm`` is ``themis-rm``."""

from themis_rm.cli import main

if __name__ == "__main__":
    main()
