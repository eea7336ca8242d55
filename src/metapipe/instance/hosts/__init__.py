"""Instances on machines of the operator's: reached by SSH, looked at, and set up by Ansible."""
