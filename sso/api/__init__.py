"""The management API: JSON over OAuth access tokens; every rule about officers lives here and below."""
