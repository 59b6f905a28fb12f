"""A witness: cosigns what it has seen to have only grown. It needs nothing of a hub.

folder.py   its folder: key, trusted logs, state
state.py    the largest tree that was cosigned of each log, durable before any cosignature leaves
cosigner.py one submission to one answer
http.py     the listener: POST /add-checkpoint (C2SP tlog-witness)
"""
