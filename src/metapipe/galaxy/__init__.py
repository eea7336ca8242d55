"""The way through Galaxy's front door: upload reads, run the workflow, wait, download the results (BioBlend).

Runs on the user's side. It knows Galaxy's API and nothing of stages or of the runner.
"""
