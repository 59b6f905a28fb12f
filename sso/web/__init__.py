"""PAGES AND PROTOCOL ENDPOINTS: Flask, templates, static files, translations."""
