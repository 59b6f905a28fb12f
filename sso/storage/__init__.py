"""SQL, and the only package that imports SQLAlchemy: one transaction, its stores, the schema.

Tables say what is kept, each store speaks the verbs of its noun, `database` opens transactions and
`schema` brings a database to the newest form. SQLite and PostgreSQL run the same statements.
"""
