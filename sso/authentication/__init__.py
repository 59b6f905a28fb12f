"""How someone proves who they are, and what follows when they may no longer.

Passwords, evidence -> acr and amr, throttling, sessions' beginnings and ends.
"""
