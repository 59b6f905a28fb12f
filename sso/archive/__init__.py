"""Months of the audit log that left the database: a Parquet file each, in a folder or an object store.

A file holds the entries as they were stored, with their places in the tree: what was sealed stays sealed, and
goes with its key as in the database. The log says what every file must hash to, and none is opened before it
does. Files are copied to a private folder first: nobody can exchange one between the look at its digest and
the reading.

`parquet` and `object_store` are the doors to Arrow, `search` is the one to DuckDB. Both libraries come with
the extra `archive`, and are imported where an archive is configured.
"""
