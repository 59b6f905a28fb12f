"""Pages and protocol endpoints: translate HTTP to the core and back."""
