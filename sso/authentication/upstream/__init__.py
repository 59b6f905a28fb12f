"""Sign-in at another OpenID provider, such as a national platform: what it says, and what that is worth here.

settings      an upstream as the operator describes it, and the table of its levels
journey       a browser that was sent there, until it comes back
claims        what every token of an upstream is read by
id_token      what it says of a person, verified whole
logout_token  what it says of a sign-out there
accounts      whose account that is, made at the first sign-in if the operator allows it
tying         an account there as one more way to sign in to one here
sign_in       the end of the journey: a session, or the reason why there is none

The requests themselves are made by `sso.outbound.upstream`.
"""
