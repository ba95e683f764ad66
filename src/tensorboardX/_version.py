"""The version, read by the build as well."""

__version__ = "2.6.5+dropin.1"
