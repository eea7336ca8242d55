"""Galaxy on a deployed host: what its own programs do there, called by the Ansible role ``galaxy``."""
