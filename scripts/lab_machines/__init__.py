"""A lab: machines with a real systemd on this one, to which an instance is deployed over SSH as to anybody's.

Nothing but the standard library and programs of the system, so that it runs without an environment.
"""
