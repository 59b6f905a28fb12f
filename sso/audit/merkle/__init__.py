"""The Merkle log (RFC 9162 2.1): hashes, growth, tiles, proofs and their verification, on hashlib alone.

    tree.py          hashing, the frontier, roots from stored nodes
    tiles.py         256 hashes a tile (C2SP tlog-tiles): what is stored, and nodes computed from it
    proofs.py        proofs of inclusion and consistency
    verification.py  the verifiers, written from RFC 9162 2.1.3.2 and 2.1.4.2 alone

Indices and sizes count leaves from 0; every hash is 32 bytes.
"""
