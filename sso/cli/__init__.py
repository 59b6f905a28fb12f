"""The `sso` command: one file a noun."""
