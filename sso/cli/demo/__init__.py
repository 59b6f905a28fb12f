"""`sso demo`: the hub with people, departments and applications to look at."""
