"""`python -m iamgen`."""

from iamgen.cli import main

if __name__ == "__main__":
    main()
