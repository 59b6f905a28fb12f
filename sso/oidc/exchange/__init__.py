"""Token exchange (RFC 8693): who holds a token of ours, for whom it speaks, and what may come of it.

    exchange/presented.py   the subject's and the actor's token, resolved to their grants
    exchange/acting.py      who may act for the subject, and the chain of those who do
    exchange/aim.py         which resources the new token is for, in whose sector, with which scope

A new token is never wider than the subject's: not in scope, not in time; and where it goes beyond the
subject token's audience, an officer has registered that the client calls that resource.
"""
