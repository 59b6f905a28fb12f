"""The officers' console: a separate Flask application, an ordinary client of the hub, a caller of its API.

It imports nothing of the hub: whatever an officer sees here came over the management API with the officer's
own access token, and the hub alone decides what that token may do.
"""
