"""The `sso` command."""

from sso.cli.main import main

if __name__ == "__main__":
    main()
