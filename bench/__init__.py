"""`python -m bench`: the hub beside npm's oidc-provider, on this machine, in one run."""
