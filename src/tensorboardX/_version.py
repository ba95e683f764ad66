"""The version, read by the build as well."""

__build__ = "2.6.5+dropin.1"
"""The version of the distribution: the release of tensorboardX whose API it has, and what counts ours."""

__version__ = __build__.partition("+")[0]
"""The release alone. Programs split it at its dots and make integers of the parts."""
